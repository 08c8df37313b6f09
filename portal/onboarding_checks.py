"""System checks of whom the roles of accounts are to trust: a principal that nobody is, is refused at start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts.errors import InvalidRequest
from accounts.onboarding import principals


@register(Tags.security)
def onboarding_configuration(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings from which trust policies are written, as far as they are set."""
    return list(_messages())


def _messages() -> Iterator[CheckMessage]:
    for partition, arn in settings.AWS_HUB_PRINCIPALS.items():
        if arn:
            yield from _refusal(partial(principals.hub_principal, partition), "portal.E070")
    for arn in settings.SWITCH_ROLE_PRINCIPALS:
        yield from _refusal(partial(principals.partition_of_switching, arn), "portal.E071")


def _refusal(ask: Callable[[], object], check_id: str) -> Iterator[CheckMessage]:
    try:
        ask()
    except InvalidRequest as refused:
        yield Error(
            refused.user_message,
            hint="docs/onboarding.md says whom roles trust by each method.",
            id=check_id,
        )
