"""Keys are issued in one place, accounts/access.py: the code itself is searched for who calls what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What asks AWS for keys, and who may call it.
ASKS_AWS = {"assume_role", "console_sign_in_url", "obtain"}
# The revoker's keys end sessions, and stay in their package; those that read CloudTrail may do nothing else.
MAY_ASK_AWS = (
    "accounts/from_aws/access.py",
    "accounts/aws/",
    "accounts/access.py",
    "accounts/key_uses.py",
    "accounts/trust/",
    "accounts/trust_checks/",
    "accounts/revocation/revokers.py",
)
# What issues keys, and who may call it.
DOOR = {"issue_keys", "console_url"}
MAY_CALL_THE_DOOR = ("accounts/access.py", "portal/pages/", "portal/api/", "portal/sso/")


def files() -> Iterator[tuple[str, ast.Module]]:
    """Every file of the product, with its path."""
    for package in ("accounts", "portal"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def names_in(tree: ast.Module) -> set[str]:
    """Every name that a file uses or imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add(node.name.rpartition(".")[2])
    return names


def files_with(names: set[str]) -> set[str]:
    """Return the files that use any of these names."""
    return {path for path, tree in files() if not names.isdisjoint(names_in(tree))}


def test_nobody_but_the_door_asks_aws_for_keys() -> None:
    asking = files_with(ASKS_AWS)

    assert {path for path in asking if not path.startswith(MAY_ASK_AWS)} == set()
    assert {"accounts/access.py", "accounts/trust/hub.py", "accounts/aws/sts.py"} <= asking


def test_no_surface_mints_a_token_of_the_portal() -> None:
    minting = files_with({"mint", "mint_for_revoker"})

    own = (*MAY_ASK_AWS, "accounts/signing/")
    assert {path for path in minting if not path.startswith(own)} == set()
    assert "accounts/trust/portal_token.py" in minting


def test_nobody_but_revocation_enters_revoker_roles() -> None:
    entering = files_with({"revokers", "mint_for_revoker"})

    own = ("accounts/revocation/", "accounts/signing/")
    assert {path for path in entering if not path.startswith(own)} == set()
    assert "accounts/revocation/placing.py" in entering


def test_nobody_but_the_surfaces_calls_the_door() -> None:
    callers = files_with(DOOR)

    assert {path for path in callers if not path.startswith(MAY_CALL_THE_DOOR)} == set()
    assert {"portal/pages/keys.py", "portal/pages/console.py"} <= callers


def test_a_client_of_sts_is_made_in_one_place() -> None:
    assert {path for path, tree in files() if "boto3" in names_in(tree)} == {
        "accounts/aws/clients.py"
    }
