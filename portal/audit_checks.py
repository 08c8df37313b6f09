"""Checks of the settings by which the audit trail leaves the portal."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts.addresses import is_safe_address

_SHORTEST = 24
"""Bytes of a webhook's secret (Standard Webhooks, "Signature scheme": 24 to 64)."""


@register(Tags.security)
def audit_configuration(**kwargs: Any) -> list[CheckMessage]:
    """Check where the audit trail goes, and what signs it."""
    return [*_webhook(), *_retention()]


def _webhook() -> Iterator[CheckMessage]:
    if not settings.AUDIT_WEBHOOK_URL:
        return
    if not is_safe_address(settings.AUDIT_WEBHOOK_URL):
        yield Error(
            "AUDIT_WEBHOOK_URL is no https address.",
            hint="The audit trail names people: it leaves the portal encrypted.",
            id="portal.E030",
        )
    try:
        key = base64.b64decode(settings.AUDIT_WEBHOOK_SECRET.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < _SHORTEST:
        yield Error(
            f"AUDIT_WEBHOOK_SECRET is not base64 of at least {_SHORTEST} bytes.",
            hint='Make one: echo "whsec_$(openssl rand -base64 32)"',
            id="portal.E031",
        )


def _retention() -> Iterator[CheckMessage]:
    if settings.AUDIT_RETENTION < 0 or 0 < settings.AUDIT_RETENTION < 30:
        yield Error(
            f"AUDIT_RETENTION is {settings.AUDIT_RETENTION} days.",
            hint="Choose 30 or more; 0: rows stay for ever.",
            id="portal.E032",
        )
