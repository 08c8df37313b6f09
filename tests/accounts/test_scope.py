"""The scope of a token narrows what its subject may do, at the door and in what is shown; it adds nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from accounts import access, entitlements
from accounts.errors import AccessDenied, SignInAgain
from accounts.models import AuditEvent, Person
from accounts.models.audit import Action
from accounts.types import IssuedKeys, Kind, Named, Scope
from tests import cast
from tests.accounts.test_access import DEV, PROD

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")


def take(scope: Scope | None, account_id: str, role_name: str, who: str = "alice") -> IssuedKeys:
    return access.issue_keys(
        subject=replace(cast.subject(who), scope=scope),
        role=Named(account_id, role_name),
        duration=None,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )


def seen(scope: Scope | None, who: str = "alice") -> set[tuple[str, str, bool, bool]]:
    found = entitlements.resolve(
        subject=replace(cast.subject(who), scope=scope), now=timezone.now()
    )
    return {
        (granted.role.account_id, granted.role.role_name, granted.console, granted.keys)
        for granted in found.granted
    }


@pytest.mark.parametrize(
    "scope",
    [
        Scope(permission_sets=frozenset({"ReadOnly"})),
        Scope(permission_sets=frozenset()),
        Scope(permission_sets=frozenset({"developer"})),
        Scope(account_ids=frozenset({PROD})),
        Scope(account_ids=frozenset()),
        Scope(kinds=frozenset({Kind.CONSOLE})),
        Scope(kinds=frozenset()),
        Scope(account_ids=frozenset({PROD}), permission_sets=frozenset({"Developer"})),
    ],
    ids=[
        "another set",
        "no set",
        "another case",
        "another account",
        "no account",
        "console alone",
        "neither keys nor console",
        "another account, the same set",
    ],
)
def test_role_beyond_the_scope_is_denied_and_recorded(scope: Scope) -> None:
    with pytest.raises(AccessDenied) as denied:
        take(scope, DEV, "Developer")

    [row] = AuditEvent.objects.all()
    assert denied.value.code == row.error_code == "access.scope"
    assert row.action == Action.KEYS_DENIED
    assert row.access_key_id == ""


def test_scope_adds_nothing_to_what_its_subject_may_do() -> None:
    wide = Scope(permission_sets=frozenset({"Operator"}), account_ids=frozenset({PROD}))

    with pytest.raises(AccessDenied) as denied:
        take(wide, PROD, "Operator")

    assert denied.value.code == "access.denied"


def test_scope_of_a_subject_with_a_sign_in_is_kept_at_the_door() -> None:
    subject = replace(cast.as_subject("alice"), scope=Scope(account_ids=frozenset({PROD})))

    with pytest.raises(AccessDenied):
        access.issue_keys(
            subject=subject,
            role=Named(DEV, "Developer"),
            duration=None,
            origin=cast.ORIGIN,
            now=timezone.now(),
        )


def test_role_within_the_scope_is_issued() -> None:
    scope = Scope(
        permission_sets=frozenset({"Developer"}),
        account_ids=frozenset({DEV}),
        kinds=frozenset({Kind.KEYS}),
    )

    issued = take(scope, DEV, "Developer")

    assert issued.credentials.access_key_id


def test_what_is_shown_is_narrowed_to_accounts_sets_and_kinds() -> None:
    assert seen(Scope(account_ids=frozenset({PROD}))) == {(PROD, "ReadOnly", True, True)}
    assert seen(Scope(permission_sets=frozenset({"Developer"}))) == {(DEV, "Developer", True, True)}
    assert {row[2:] for row in seen(Scope(kinds=frozenset({Kind.KEYS})))} == {(False, True)}
    assert seen(Scope(kinds=frozenset())) == set()
    assert seen(Scope()) == seen(None) != set()


def test_reasons_within_a_scope_give_no_more_than_the_scope() -> None:
    subject = replace(cast.subject("alice"), scope=Scope(kinds=frozenset({Kind.KEYS})))

    found = entitlements.resolve(subject=subject, now=timezone.now())

    assert all(not granted.because(Kind.CONSOLE) for granted in found.granted)
    assert all(granted.because(Kind.KEYS) for granted in found.granted)


def test_blocked_person_without_a_sign_in_is_refused_and_recorded() -> None:
    Person.objects.create(issuer=cast.ISSUER, sub="sub-alice", is_active=False)

    with pytest.raises(SignInAgain) as refused:
        take(None, DEV, "Developer")

    [row] = AuditEvent.objects.all()
    assert refused.value.code == row.error_code == "signin.blocked"
    assert row.action == Action.KEYS_DENIED


def test_person_whom_nobody_has_met_yet_gets_what_the_claims_give() -> None:
    issued = take(None, DEV, "Developer")

    [row] = AuditEvent.objects.all()
    assert (row.sub, row.duration, row.reason) == (
        "sub-alice",
        issued.duration,
        "Developers of payments: groups = payments",
    )
