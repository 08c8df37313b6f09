"""docs/security.md names what is there: every file, symbol and test in its tables."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests import mutations

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"
THREATS = ROOT / "docs" / "threat-model.md"


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


def test_every_requirement_names_a_place_and_a_test() -> None:
    incomplete = [row for row in ROWS if not all(row)]
    promises = [requirement for requirement, _, _ in ROWS if requirement.startswith("**")]

    assert incomplete == []
    assert len(promises) == 10, "the first table has every promise of the project"
    assert len(ROWS) > 50


def test_every_named_place_exists() -> None:
    places = {place for _, places, _ in ROWS for place in places}

    assert sorted(place for place in places if not _is_a_place(place)) == []


def test_every_named_test_exists() -> None:
    tests = {test for _, _, tests in ROWS for test in tests}

    assert sorted(test for test in tests if not _is_a_test(test)) == []


def test_every_claim_of_the_threat_model_names_tests_that_exist() -> None:
    claims = [
        line.strip("|").split(" | ")
        for line in THREATS.read_text().splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| | test"))
    ]

    assert len(claims) > 20
    for claim, tests in claims:
        assert _quoted(tests), claim
        assert [test for test in _quoted(tests) if not _is_a_test(test)] == [], claim


def test_every_row_has_a_mutation_or_is_listed_as_having_none() -> None:
    with_one = {mutation.row for mutation in mutations.listed()}
    without = set(mutations.rows_without())

    unlisted = [
        name for name, _, _ in ROWS if not any(name.startswith(row) for row in with_one | without)
    ]
    of_no_row = [
        row
        for row in sorted(with_one | without)
        if len([name for name, _, _ in ROWS if name.startswith(row)]) != 1
    ]
    assert unlisted == [], "add a mutation of each to tests/mutations.toml"
    assert of_no_row == [], "tests/mutations.toml names rows by how they begin"
    assert sorted(with_one & without) == []


def test_every_mutation_finds_its_text_and_a_test_of_its_row() -> None:
    faults = []
    for mutation in mutations.listed():
        where = f"{mutation.file}: {mutation.find!r}"
        if (times := (ROOT / mutation.file).read_text().count(mutation.find)) != 1:
            faults.append(f"{where} is there {times} times, not once")
        if mutation.find == mutation.replace:
            faults.append(f"{where} stays as it is")
        tests = [test for name, _, tests in ROWS if name.startswith(mutation.row) for test in tests]
        if mutation.test not in tests:
            faults.append(f"{mutation.test} is no test of the row {mutation.row}")

    assert "\n".join(faults) == "", "mend tests/mutations.toml"


def test_every_mutation_is_python_that_can_run(tmp_path: Path) -> None:
    """A test that fails on a mistake in the mutation would say nothing about the protection."""
    for number, mutation in enumerate(mutations.listed()):
        if mutation.file.endswith(".py"):
            text = (ROOT / mutation.file).read_text().replace(mutation.find, mutation.replace)
            tmp_path.joinpath(f"{number}_{Path(mutation.file).name}").write_text(text)
    select = ["--isolated", "--select", "F821,F822,F823", "--target-version", "py311"]
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", *select]

    found = subprocess.run([*ruff, str(tmp_path)], capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout


def _is_a_place(place: str) -> bool:
    """Whether this is a file, or `file.py:symbol` of a Python file."""
    file, _, symbol = place.partition(":")
    path = ROOT / file
    if path.suffix != ".py":
        return path.is_file() and not symbol
    return path.is_file() and symbol in names_in(path)


def _is_a_test(test: str) -> bool:
    """Whether this is `file::test_name`, or `file::Class::test_name`, below tests/."""
    file, _, name = test.partition("::")
    path, name = ROOT / file, name.replace("::", ".")
    is_named_like_one = file.startswith("tests/") and name.rpartition(".")[2].startswith("test_")
    return is_named_like_one and path.is_file() and name in names_in(path)
