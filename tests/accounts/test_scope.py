"""The scope of a token narrows what is shown of what its subject may do; it adds nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from accounts import entitlements
from accounts.types import Kind, Scope
from tests import cast
from tests.accounts.test_access import DEV, PROD

pytestmark = pytest.mark.usefixtures("northwind")


def seen(scope: Scope | None) -> set[tuple[str, str, bool, bool]]:
    subject = replace(cast.subject("alice"), scope=scope)
    decided = entitlements.resolve(subject=subject, now=timezone.now())
    return {
        (granted.role.account_id, granted.role.role_name, granted.console, granted.keys)
        for granted in decided.granted
    }


def test_what_is_shown_is_narrowed_to_accounts_sets_and_kinds() -> None:
    assert seen(Scope(account_ids=frozenset({PROD}))) == {(PROD, "ReadOnly", True, True)}
    assert seen(Scope(permission_sets=frozenset({"Developer"}))) == {(DEV, "Developer", True, True)}
    assert {row[2:] for row in seen(Scope(kinds=frozenset({Kind.KEYS})))} == {(False, True)}
    assert seen(Scope(kinds=frozenset())) == set()
    assert seen(Scope()) == seen(None) != set()


def test_reasons_within_a_scope_give_no_more_than_the_scope() -> None:
    subject = replace(cast.subject("alice"), scope=Scope(kinds=frozenset({Kind.KEYS})))

    decided = entitlements.resolve(subject=subject, now=timezone.now())

    assert all(not granted.because(Kind.CONSOLE) for granted in decided.granted)
    assert all(granted.because(Kind.KEYS) for granted in decided.granted)
