"""docs/security.md names what is there: every file, symbol and test in its tables."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"


def rows() -> list[tuple[str, list[str], list[str]]]:
    """Return requirement, places and tests of each row of the tables that name tests."""
    found, reading = [], False
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|"):
            reading = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if [cell.strip() for cell in cells][1:] == ["where", "test"]:
            reading = True
        elif reading and not line.startswith("|---"):
            requirement, where, tests = cells
            found.append((requirement, _quoted(where), _quoted(tests)))
    return found


def _quoted(cell: str) -> list[str]:
    names = re.findall(r"`([^`]+)`", cell)
    assert re.sub(r"`[^`]+`", "", cell).strip(" |") == "", f"not all of it is a name: {cell}"
    return names


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names a Python file defines: functions, classes, constants, and methods as Class.method."""
    return frozenset(_defined(ast.parse(path.read_text()).body, ""))


def _defined(body: list[ast.stmt], prefix: str) -> list[str]:
    found = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(prefix + node.name)
        elif isinstance(node, ast.ClassDef):
            found += [prefix + node.name, *_defined(node.body, f"{prefix}{node.name}.")]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [prefix + target.id for target in targets if isinstance(target, ast.Name)]
    return found


ROWS = rows()
PLACES = sorted({place for _, places, _ in ROWS for place in places})
TESTS = sorted({test for _, _, tests in ROWS for test in tests})


def test_the_tables_are_read() -> None:
    assert len(ROWS) > 50
    assert len(TESTS) > 100


@pytest.mark.parametrize(("requirement", "places", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_a_requirement_says_where_it_is_kept_and_how_that_is_known(
    requirement: str, places: list[str], tests: list[str]
) -> None:
    assert requirement
    assert places
    assert tests


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_named_exists(place: str) -> None:
    file, _, symbol = place.partition(":")
    path = ROOT / file

    assert path.is_file()
    if path.suffix == ".py":
        assert symbol in names_in(path)
    else:
        assert not symbol


@pytest.mark.parametrize("test", TESTS)
def test_a_test_that_is_named_exists(test: str) -> None:
    file, _, name = test.partition("::")

    assert file.startswith("tests/")
    name = name.replace("::", ".")
    assert name.rpartition(".")[2].startswith("test_")
    assert name in names_in(ROOT / file)


def test_every_promise_of_the_project_is_in_the_first_table() -> None:
    promises = [requirement for requirement, _, _ in ROWS if requirement.startswith("**")]

    assert len(promises) == 10
