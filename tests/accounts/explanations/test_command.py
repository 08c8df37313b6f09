"""`manage.py explain`: what it says, and what it refuses."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

PROD = "123456789012"
ROLE = ("--account", PROD, "--role", "Operator")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("explain", *arguments, stdout=out, no_color=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--person", "nobody"), "Nobody of this name"),
        (("--person", "northwind"), "Several people are called so"),
        (("--person", "bob", "--account", PROD), "Name both"),
        (("--person", "bob", "--csv"), "go with --who"),
        (("--claims", "/nowhere/at/all"), "cannot be read"),
        (("--who",), "Choose an account"),
    ],
)
def test_what_is_not_clear_is_refused(arguments: tuple[str, ...], said: str) -> None:
    cast.sign_in("alice")
    cast.sign_in("bob")

    with pytest.raises(CommandError, match=said):
        run(*arguments)


def test_a_person_and_one_role(tmp_path: Path) -> None:
    cast.sign_in("alice")

    everything = run("--person", "alice")
    assert "Developer: console and keys, by Developers of payments: groups = payments" in everything
    said = run("--person", "sub-alice", *ROLE)
    assert "Operator in 123456789012, keys: no: You do not have this role" in said
    assert "No value of the claim “groups” is “on-call”." in said
    cast.block_everybody()
    assert "Blocked, so nothing is given" in run("--person", "alice")
    Account.objects.update(active=False)
    assert "not active" in run("--person", "alice", *ROLE)


def test_pasted_claims_come_from_a_file_or_the_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "claims.json").write_text('{"groups": ["on-call"]}')
    assert "keys: yes" in run("--claims", str(tmp_path / "claims.json"), *ROLE)
    monkeypatch.setattr("sys.stdin", io.StringIO('{"groups": [], "hasgroups": true}'))
    said = run("--claims", "-")
    assert "left “groups” out" in said
    assert "No mapping in force gives them a role." in said


def test_who_can_enter() -> None:
    cast.sign_in("bob")

    said = run("--who", "--privileged", "--environment", "production")
    assert "bob@northwind.example (sub-bob at https://id.northwind.example)" in said
    assert "Operator in Production: 1 account" in said
    assert "groups = on-call (On call operates production), 1 people" in said
    assert "Nobody seen so far can enter." in run("--who", "--role", "Developer")
    assert run("--who", "--role", "Operator", "--csv").splitlines()[1].startswith("bob@northwind")
