"""Nobody gets keys past the door: who may say which words, read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What asks AWS for keys, and who may.
ASKING = {"assume_role", "console_sign_in_url", "obtain"}
ASKERS = ("accounts/aws/", "accounts/access.py", "accounts/trust/")
# The door, and who knocks at it.
DOOR = {"issue_keys", "console_url"}
SURFACES = ("accounts/access.py", "portal/pages/", "portal/api/", "portal/sso/")


def files() -> Iterator[tuple[str, ast.Module]]:
    """Every file of the product, with its path."""
    for package in ("accounts", "portal"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def words(tree: ast.Module) -> set[str]:
    """Every name that a file uses or imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name.rpartition(".")[2])
    return found


def saying(what: set[str]) -> set[str]:
    """Return the files that say any of these words."""
    return {path for path, tree in files() if not what.isdisjoint(words(tree))}


def test_nobody_but_the_door_asks_aws_for_keys() -> None:
    asking = saying(ASKING)

    assert {path for path in asking if not path.startswith(ASKERS)} == set()
    assert {"accounts/access.py", "accounts/trust/hub.py", "accounts/aws/sts.py"} <= asking


def test_nobody_but_the_surfaces_knocks_at_the_door() -> None:
    knocking = saying(DOOR)

    assert {path for path in knocking if not path.startswith(SURFACES)} == set()
    assert {"portal/pages/keys.py", "portal/pages/console.py"} <= knocking


def test_a_client_of_sts_is_made_in_one_place() -> None:
    assert {path for path, tree in files() if "boto3" in words(tree)} == {"accounts/aws/clients.py"}
