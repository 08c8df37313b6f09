"""Plans: what is refused, what files own and prune, renames, whose access changes, and plans that grew stale."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.conf import LazySettings

from accounts import favourites
from accounts.access_changes import Snapshot, access_changes, snapshot
from accounts.models import Account, AuditEvent, Environment, Favourite, Mapping, PermissionSet
from accounts.models.audit import Action
from accounts.plans.access import RoleIds, snapshot_of
from accounts.plans.apply import Plan
from accounts.plans.complaints import InvalidPlan, LocksOut, StalePlan
from accounts.plans.stored import load
from accounts.plans.toml_file.apply import apply_files, plan_files
from accounts.plans.toml_file.schema import schema
from accounts.types import RoleRef
from tests import cast
from tests.accounts.plans.test_commands import _open_connections, manage

__all__ = ["_open_connections"]

pytestmark = pytest.mark.usefixtures("northwind")

OPERATOR = '[[permission_set]]\nname = "Operator"\nprivileged = true\n'
DEVELOPER = '[[permission_set]]\nname = "Developer"\niam_path = "/gatehouse/"\n'
NEW = '[[environment]]\nname = "staging"\nlabel = "Staging"\n'


def plan(*texts: str, names: Sequence[str] = ("a.toml", "b.toml"), **options: Any) -> Plan:
    return plan_files([*zip(names, texts, strict=False)], now=cast.NOON, **options)


def apply(*texts: str, names: Sequence[str] = ("a.toml", "b.toml"), **options: Any) -> list[str]:
    changes = apply_files(
        [*zip(names, texts, strict=False)],
        actor="carol",
        origin=cast.ORIGIN,
        now=cast.NOON,
        **options,
    )
    return [line for change in changes for line in change.lines()]


def refusal(*texts: str, **options: Any) -> list[str]:
    with pytest.raises(InvalidPlan) as refused:
        apply(*texts, **options)
    return [f"{one.file}:{one.line}: {one}" for one in refused.value.complaints]


def test_two_files_cannot_name_one_thing_and_both_places_are_told() -> None:
    (line,) = refusal(NEW, f"\n{NEW}")

    assert line == (
        'b.toml:3: environment "staging": name: "staging" is in a.toml:1 already; only one file can name it.'
    )


def test_each_complaint_names_its_file_and_line() -> None:
    broken = '[[account]]\naccount_id = "123456789012"\nname = "x"\nenvironment = "producton"\n'

    (line,) = refusal(NEW, broken)

    assert line.startswith('b.toml:4: account "x": environment: There is no environment')
    (line,) = refusal(NEW, "x = [")
    assert line.startswith("b.toml:1: This is not TOML")


def test_a_plan_changes_nothing_and_says_what_and_whose_access() -> None:
    cast.sign_in("bob")
    text = OPERATOR + (
        '[[mapping]]\nname = "On call operates production"\nvalue = "on-call"\n'
        'permission_set = "Operator"\nenabled = false\naccounts = { ids = ["123456789012"] }\n'
    )

    found = plan(NEW, text)

    assert [*found.lines()] == [
        '+ environment "staging"',
        '~ mapping "On call operates production"',
        "    enabled: true -> false",
        "Whose access changes:",
        "  - 1 person loses Operator (privileged) in Production (1 account): bob@northwind.example",
        "  Compared: 1 person, by the claims of their latest sign-in.",
        "Plan: 1 added, 1 changed.",
    ]
    assert not Environment.objects.filter(name="staging").exists()
    assert not AuditEvent.objects.filter(action=Action.PLAN_APPLIED).exists()


def test_the_entries_decide_as_the_database_does() -> None:
    for name in cast.GROUPS:
        cast.sign_in(name)
    Account.objects.filter(name="payments-dev").update(tags={"team": "payments"})

    from_entries = snapshot_of(load(), now=cast.NOON, ids=RoleIds())

    nothing = Snapshot((), ())
    found = access_changes(nothing, from_entries)
    assert found.gaining == 2
    assert found == access_changes(nothing, snapshot(now=cast.NOON))


def test_a_stale_plan_is_refused_and_a_fresh_one_applied() -> None:
    revision = plan(NEW).revision
    Mapping.objects.filter(value="on-call").update(enabled=False)

    with pytest.raises(StalePlan):
        apply(NEW, revision=revision)
    assert not Environment.objects.filter(name="staging").exists()

    assert apply(NEW, revision=plan(NEW).revision) == ['+ environment "staging"']
    assert Environment.objects.filter(name="staging").exists()


# -- renames


def test_a_rename_that_cannot_be_is_refused() -> None:
    assert (
        "nothing can be renamed to a name in use"
        in refusal(DEVELOPER + 'renamed_from = "Operator"\n')[0]
    )
    assert (
        "also an entry of its own"
        in refusal(
            OPERATOR + '[[permission_set]]\nname = "Operations"\nrenamed_from = "Operator"\n'
        )[0]
    )
    assert (
        "told apart by their number"
        in refusal(
            '[[account]]\naccount_id = "123456789012"\nname = "x"\nrenamed_from = "payments-prod"\n'
        )[0]
    )


def test_a_rename_keeps_rows_mappings_favourites_and_access() -> None:
    bob = cast.sign_in("bob").person
    favourites.star(person=bob, role=RoleRef("123456789012", "Operator"))
    row = PermissionSet.objects.get(name="Operator")
    text = '[[permission_set]]\nname = "Operations"\nrenamed_from = "Operator"\nprivileged = true\n'

    found = plan(text)

    assert next(found.lines()) == '~ permission_set "Operations" (was "Operator")'
    assert found.access is not None
    assert not found.access
    apply(text)
    row.refresh_from_db()
    assert row.name == "Operations"
    assert Mapping.objects.get(value="on-call").permission_set == row
    assert Favourite.objects.get(person=bob).role_name == "Operations"
    event = AuditEvent.objects.filter(action=Action.ADMIN_CHANGED).latest("pk")
    assert event.detail["before"] == {"name": "Operator"}
    assert event.detail["after"] == {"name": "Operations"}
    # The key may stay in the file.
    assert apply(text) == []


# -- what files manage


def test_what_another_file_manages_is_refused_unless_both_are_applied() -> None:
    apply(OPERATOR, manage=True)
    assert PermissionSet.objects.get(name="Operator").managed_by == "a.toml"

    (line,) = refusal(OPERATOR, names=["b.toml"])
    assert 'The file "a.toml" manages this.' in line
    assert 'The file "a.toml" manages this.' in refusal(OPERATOR, names=["-"], manage=True)[0]

    assert apply(NEW, OPERATOR) == ['+ environment "staging"']
    assert PermissionSet.objects.get(name="Operator").managed_by == "b.toml"


def test_nothing_is_managed_or_pruned_unasked() -> None:
    apply(NEW + OPERATOR)
    assert not Environment.objects.exclude(managed_by="").exists()

    apply(NEW + OPERATOR, manage=True)
    apply(OPERATOR)
    assert Environment.objects.filter(name="staging", managed_by="a.toml").exists()


def test_pruning_removes_what_the_file_managed_and_nothing_else() -> None:
    apply(NEW + OPERATOR, names=["a.toml"], manage=True)
    apply('[[environment]]\nname = "other"\nlabel = "Other"\n', names=["b.toml"], manage=True)

    found = plan(OPERATOR, prune=True)
    assert [change.sign for change in found.changes] == ["-"]
    assert found.summary == "0 added, 0 changed, 1 removed"
    apply(OPERATOR, prune=True)

    names = set(Environment.objects.values_list("name", flat=True))
    assert "staging" not in names
    assert {"other", "production", "development"} <= names
    assert AuditEvent.objects.filter(action=Action.ADMIN_DELETED).count() == 1

    # Of a whole folder, what any file manages.
    apply(OPERATOR, prune=True, whole=True)
    assert not Environment.objects.filter(name="other").exists()


def test_what_is_still_needed_is_not_pruned_and_then_nothing_is() -> None:
    apply(NEW + OPERATOR, manage=True)

    complaints = refusal(DEVELOPER, prune=True)

    assert (
        'permission_set "Operator" would be pruned, and account "payments-prod" still names it'
        in ("".join(complaints))
    )
    assert Environment.objects.filter(name="staging").exists()


# -- who could mend it


def test_a_plan_that_leaves_no_admin_a_role_is_refused_unless_that_is_meant(
    settings: LazySettings,
) -> None:
    settings.ADMIN_CLAIM, settings.ADMIN_VALUES = "groups", ["approvers"]
    bob = cast.sign_in("bob")
    off = '[[account]]\naccount_id = "123456789012"\nname = "payments-prod"\nactive = false\n'

    with pytest.raises(LocksOut, match="no portal admin"):
        apply(off)
    assert Account.objects.get(account_id="123456789012").active
    assert bob.person is not None

    assert apply(off, allow_lockout=True)
    assert not Account.objects.get(account_id="123456789012").active


def test_a_plan_that_leaves_the_one_who_applies_it_nothing_is_refused(
    settings: LazySettings,
) -> None:
    settings.ADMIN_CLAIM, settings.ADMIN_VALUES = "groups", ["portal-admins"]
    cast.sign_in("bob")
    off = '[[account]]\naccount_id = "123456789012"\nname = "payments-prod"\nactive = false\n'

    with pytest.raises(LocksOut, match="you would have no role"):
        apply(off, subject=cast.subject("bob"))
    assert apply(off, subject=cast.subject("carol"))


# -- the commands


def test_plan_and_apply_of_a_folder_as_people_run_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teams = tmp_path / "teams"
    teams.mkdir()
    (teams / "new.toml").write_text(NEW)
    (tmp_path / "sets.toml").write_text(OPERATOR)
    out = tmp_path / "plan.json"

    assert manage("plan", tmp_path, "--manage", "--detailed-exitcode", "--out", out) == 2
    said = capsys.readouterr().out
    assert "Plan: 1 added, 0 changed, 2 taken over by files." in said
    assert stat.S_IMODE(out.stat().st_mode) == 0o600

    Mapping.objects.filter(value="on-call").update(keys=False)
    assert manage("apply", out) == 1
    assert "have changed since this plan was made" in capsys.readouterr().err
    assert manage("apply", out, "--prune") == 1

    assert manage("plan", tmp_path, "--manage", "--out", out) == 0
    assert manage("apply", out) == 0
    assert Environment.objects.get(name="staging").managed_by == "teams/new.toml"
    capsys.readouterr()
    assert manage("plan", tmp_path, "--detailed-exitcode") == 0
    assert capsys.readouterr().out == "No changes.\n"


def test_what_is_no_plan_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan.json"
    for text in ("{", "[]", '{"format": "x"}', json.dumps({"format": "gatehouse plan 1"})):
        out.write_text(text)
        assert manage("apply", out) == 1
        assert "This is no plan file" in capsys.readouterr().err


def test_a_key_that_is_nested_too_deep_is_refused_at_once() -> None:
    deep = ".".join(["a"] * 50_000)

    assert refusal(f"\n{deep} = 1") == ["a.toml:2: Keys or brackets are nested too deep."]


# -- the schema for editors


def test_the_schema_refuses_what_a_plan_refuses_and_takes_the_demo() -> None:
    validator = jsonschema.Draft7Validator(schema())
    validator.check_schema(schema())
    wrongs: list[dict[str, Any]] = [
        {"acount": []},
        {"account": [{"name": "x"}]},
        {"account": [{"account_id": 7, "name": "x"}]},
        {"mapping": [{"name": "x", "value": "y"}]},
        {"permission_set": [{"name": "x", "console": "yes"}]},
    ]
    for wrong in wrongs:
        assert not validator.is_valid(wrong), wrong

    demo = tomllib.loads(Path("demo/northwind.toml").read_text())
    assert [
        *validator.iter_errors(json.loads(json.dumps(demo, default=lambda at: at.isoformat())))
    ] == []
