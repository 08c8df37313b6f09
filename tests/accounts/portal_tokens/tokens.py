"""Create tokens, use them, and read what was recorded."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.entitlements import resolve
from accounts.errors import TokenRefused
from accounts.models import AuditEvent, Mapping, PermissionSet
from accounts.models.audit import Action
from accounts.portal_tokens import bearers, lifecycle
from accounts.types import Kind, Scope, Subject
from tests import cast
from tests.cast import NOON, ORIGIN

DAY = timedelta(days=1)
KEYS = Scope(kinds=frozenset({Kind.KEYS}))


def create(
    who: str | Subject = "alice",
    *,
    scope: Scope = KEYS,
    machine: str | None = None,
    lifetime: timedelta = 90 * DAY,
    purpose: str = "nightly report",
) -> lifecycle.NewToken:
    return lifecycle.create(
        sign_in=cast.sign_in(who, now=NOON),
        purpose=purpose,
        scope=scope,
        lifetime=lifetime,
        machine=machine,
        origin=ORIGIN,
        now=NOON,
    )


def use(bearer: str, *, now: datetime = NOON) -> Subject:
    return bearers.subject_of(bearer=bearer, origin=ORIGIN, now=now)


def refused(bearer: str, *, now: datetime = NOON) -> str:
    """Return the code with which a token is refused; its secret is in no message."""
    with pytest.raises(TokenRefused) as refusal:
        use(bearer, now=now)
    assert refusal.value.http_status == 401
    assert bearer not in repr(refusal.value) + refusal.value.user_message
    return refusal.value.code


def roles(subject: Subject, *, now: datetime = NOON) -> set[tuple[str, str]]:
    return {
        (granted.role.account_id, granted.role.role_name)
        for granted in resolve(subject=subject, now=now).granted
    }


def recorded_refusals() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action=Action.TOKEN_REFUSED)
    return list(rows.values_list("sub", "error_code"))


def map_machine(name: str) -> Mapping:
    """Let a machine be Developer in payments-dev."""
    return cast.mapping(
        name,
        PermissionSet.objects.get(name="Developer"),
        "all",
        claim=bearers.MACHINE_CLAIM,
        name=f"{name} deploys",
    )
