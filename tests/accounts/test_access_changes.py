"""Whose access changes: nobody by what changes nothing, and exactly those whom the door's decision says."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.access_changes import (
    AccessChanges,
    access_changes,
    any_role,
    comparing,
    people_seen,
    seen,
    snapshot,
)
from accounts.entitlements import resolve
from accounts.models import Account, AccountRole, Environment, Mapping, PermissionSet, Person
from accounts.types import Subject
from tests import cast
from tests.accounts.test_entitlements_model import NOW, build, claims_for, companies

northwind = pytest.mark.usefixtures("northwind")


def told(changes: AccessChanges) -> list[str]:
    return [*changes.lines()][:-1]


def change(**columns: Any) -> AccessChanges:
    """Change the mapping of those on call, and say whose access that changes."""
    before = snapshot(now=cast.NOON)
    Mapping.objects.filter(name="On call operates production").update(**columns)
    return access_changes(before, snapshot(now=cast.NOON))


@northwind
def test_nobody_is_named_who_never_signed_in() -> None:
    changes = change(enabled=False)

    assert told(changes) == ["Nobody seen so far gains or loses a role."]
    assert changes.looked_at == 0


@northwind
def test_what_changes_nothing_names_nobody() -> None:
    cast.sign_in("bob")

    changes = change(name="Another name for the same")

    assert not changes
    assert changes.reach == "Compared: 1 person, by the claims of their latest sign-in."


@northwind
def test_a_mapping_that_ends_takes_the_role_from_those_who_have_it_by_nothing_else() -> None:
    cast.sign_in("alice")
    cast.sign_in("bob")

    changes = change(expires_at=cast.NOON)

    assert told(changes) == [
        "- 1 person loses Operator (privileged) in Production (1 account): bob@northwind.example"
    ]
    assert (changes.gaining, changes.losing) == (0, 1)


@northwind
def test_who_has_the_role_by_another_mapping_loses_nothing() -> None:
    cast.sign_in("bob")
    operator = PermissionSet.objects.get(name="Operator")
    cast.mapping("approvers", operator, "all", name="Approvers operate")

    assert not change(enabled=False)


@northwind
def test_a_part_of_a_role_that_comes_or_goes_is_named() -> None:
    cast.sign_in("bob")

    assert told(change(keys=False)) == [
        "- 1 person loses keys of Operator (privileged) in Production (1 account): bob@northwind.example"
    ]
    assert told(change(keys=True, console=False)) == [
        "+ 1 person gains keys of Operator (privileged) in Production (1 account): bob@northwind.example",
        "- 1 person loses console of Operator (privileged) in Production (1 account): bob@northwind.example",
    ]


@northwind
def test_the_latest_sign_in_counts_and_an_incomplete_claim_gives_nothing() -> None:
    cast.sign_in(cast.subject("mallory", groups=["payments"]), now=cast.NOON)
    cast.sign_in(cast.subject("mallory", hasgroups=True), now=cast.NOON + timedelta(seconds=1))

    assert not change(value="payments")
    cast.sign_in(cast.subject("mallory", groups=["payments"]), now=cast.NOON + timedelta(seconds=2))
    assert told(change(value="visitors")) == [
        "- 1 person loses Operator (privileged) in Production (1 account): mallory@northwind.example"
    ]


@northwind
def test_who_is_blocked_gets_nothing_either_way_and_is_counted_apart() -> None:
    cast.sign_in("bob")
    cast.block_everybody()

    changes = change(enabled=False)

    assert not changes
    assert changes.reach.endswith("Not compared: 1 blocked.")


@northwind
def test_of_whom_no_claims_are_kept_is_counted_apart() -> None:
    Person.objects.create(issuer=cast.ISSUER, sub="by-token")

    assert change(enabled=False).unknown == 1


@northwind
def test_a_renamed_permission_set_and_a_role_deleted_and_added_again_change_nothing() -> None:
    cast.sign_in("bob")
    before = snapshot(now=cast.NOON)

    PermissionSet.objects.filter(name="Operator").update(name="Operations")
    assert not access_changes(before, snapshot(now=cast.NOON))

    PermissionSet.objects.filter(name="Operations").update(name="Operator")
    role = AccountRole.objects.get(permission_set__name="Operator")
    cast.offer(role.account, PermissionSet.objects.get(name="Developer"))
    role.delete()
    cast.offer(role.account, role.permission_set)
    assert not access_changes(before, snapshot(now=cast.NOON))


@northwind
def test_an_account_that_is_not_active_takes_its_roles_along() -> None:
    cast.sign_in("alice")
    before = snapshot(now=cast.NOON)
    Account.objects.update(active=False)

    changes = access_changes(before, snapshot(now=cast.NOON))

    assert [(loss.role_name, loss.environment, loss.accounts) for loss in changes.losses] == [
        ("Developer", "Development", 1),
        ("ReadOnly", "Development", 1),
        ("ReadOnly", "Production", 1),
    ]
    assert changes.losing == 1
    people = people_seen().people
    assert any_role(before, people) == {people[0].pk}
    assert not any_role(snapshot(now=cast.NOON), people)


@northwind
def test_people_are_named_up_to_a_bound_and_looked_at_up_to_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(comparing.NAMED + 2):
        cast.sign_in(cast.subject(f"p{number:02}", groups=["on-call"]))

    (loss,) = change(enabled=False).losses
    assert loss.people == comparing.NAMED + 2
    assert loss.names.endswith(" and 2 more")

    monkeypatch.setattr(seen, "PEOPLE", 3)
    changes = change(enabled=True)
    assert (changes.looked_at, changes.cut) == (3, True)
    assert changes.reach.endswith("Not compared: those who signed in before them.")

    monkeypatch.setattr(comparing, "_MOST_DECIDED", 0)
    changes = change(enabled=False)
    assert (changes.looked_at, changes.cut) == (1, True)


def groups_by(
    before: dict[tuple[str, str], set[str]], after: dict[tuple[str, str], set[str]]
) -> dict[tuple[str, str], int]:
    """Say naively which parts of which roles only the second has: (role, part) -> accounts."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for role, kinds in after.items():
        had = before.get(role, set())
        if new := kinds - had:
            found[role[1], "role" if not had else new.pop()] += 1
    return found


class AnyChange(TestCase):
    """Hypothesis with a transaction an example."""

    @settings(max_examples=60)
    @given(data=st.data())
    def test_what_is_told_is_how_the_decisions_differ(self, data: st.DataObject) -> None:
        company = data.draw(companies(), label="company")
        claims = data.draw(claims_for(company), label="claims")
        build(company)
        somebody = Subject(issuer=cast.ISSUER, sub="somebody", claims=claims)
        cast.sign_in(somebody, now=NOW)
        before, had = snapshot(now=NOW), self.roles_of(somebody)

        self.edit(data)

        changes = access_changes(before, snapshot(now=NOW))
        has = self.roles_of(somebody)
        for told, meant in (
            (changes.gains, groups_by(had, has)),
            (changes.losses, groups_by(has, had)),
        ):
            counted: dict[tuple[str, str], int] = defaultdict(int)
            for one in told:
                counted[one.role_name, one.what] += one.accounts
            assert counted == meant

    @staticmethod
    def roles_of(subject: Subject) -> dict[tuple[str, str], set[str]]:
        return {
            (one.role.account_id, one.role.role_name): {
                kind for kind in ("console", "keys") if getattr(one, kind)
            }
            for one in resolve(subject=subject, now=NOW).granted
        }

    @staticmethod
    def edit(data: st.DataObject) -> None:
        """Change some of what decides, past the forms."""
        edits: dict[str, Any] = {
            "mapping": Mapping,
            "account": Account,
            "set": PermissionSet,
            "role": AccountRole,
        }
        environments = [None, *Environment.objects.all()]
        for kind in data.draw(st.lists(st.sampled_from(sorted(edits)), min_size=1, max_size=4)):
            rows = list(edits[kind].objects.all())
            if not rows:
                continue
            row = data.draw(st.sampled_from(rows))
            if kind == "mapping":
                row.enabled = data.draw(st.booleans())
                row.console, row.keys = data.draw(
                    st.sampled_from([(True, True), (True, False), (False, True)])
                )
            elif kind == "account":
                row.active = data.draw(st.booleans())
                row.environment = data.draw(st.sampled_from(environments))
                row.name = data.draw(st.sampled_from(["payments", "a-b"]))
            elif kind == "set":
                row.iam_path = data.draw(st.sampled_from(["/", "/gatehouse/"]))
                row.console = data.draw(st.booleans())
            elif data.draw(st.booleans()):
                row.delete()
                continue
            row.save()
