"""What is missing for a role: what arrived, and which values would give it, with nobody's own among them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.missing_access import (
    MOST_VALUES,
    ArrivedValues,
    NeededValue,
    arrived_values,
    needed_values,
)
from accounts.models import Account, Mapping, PermissionSet
from accounts.types import AskedRole, Kind, Subject
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEV = "210987654321"


def needed(kind: Kind = Kind.KEYS, *, who: str = "mallory", role: str = "Developer") -> list[str]:
    asked = AskedRole(kind, DEV, role)
    return [one.value for one in needed_values(asked, cast.subject(who), now=cast.NOON)]


def test_what_gives_another_role_or_nothing_now_is_not_named() -> None:
    developer, dev = (
        PermissionSet.objects.get(name="Developer"),
        Account.objects.get(account_id=DEV),
    )
    others: dict[str, dict[str, Any]] = {
        "off": {"enabled": False},
        "over": {"expires_at": cast.NOON},
        "console-alone": {"keys": False},
        "someone@northwind.example": {"claim": "email"},
        "sub-alice": {"claim": "sub"},
    }
    for value, columns in others.items():
        cast.mapping(value, developer, dev, **columns)
    cast.mapping("elsewhere", developer, Account.objects.exclude(account_id=DEV).get())

    assert needed() == ["payments"]
    assert sorted(needed(Kind.CONSOLE)) == ["console-alone", "payments"]
    assert needed(role="Nobody") == []


def test_templates_name_the_value_for_this_account_and_patterns_say_that_they_are() -> None:
    dev = Account.objects.get(account_id=DEV)
    Mapping.objects.all().delete()
    cast.mapping("aws-{account_id}-{role}", None, dev, match="template")
    cast.mapping("dev-*", PermissionSet.objects.get(name="Developer"), "all", match="wildcard")

    asked = AskedRole(Kind.KEYS, DEV, "Developer")

    assert needed_values(asked, cast.subject("mallory"), now=cast.NOON) == (
        NeededValue("groups", f"aws-{DEV}-Developer"),
        NeededValue("groups", "dev-*", is_pattern=True),
    )


def test_many_groups_are_cut_and_counted_and_none_is_said() -> None:
    def arrived(*groups: str) -> tuple[ArrivedValues, ...]:
        subject: Subject = cast.subject("mallory", groups=list(groups))
        return arrived_values(subject, now=cast.NOON)

    assert arrived() == (ArrivedValues("groups", ()),)
    (many,) = arrived(*(f"team-{number:03}" for number in range(MOST_VALUES + 5)))
    assert (len(many.values), many.more) == (MOST_VALUES, 5)
