"""docs/configuration.md names every variable that is read, and none that is not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _read_variables() -> set[str]:
    found = set()
    for file in ("portal/settings.py", "gunicorn.conf.py"):
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            if called.startswith(("env.", "environ.")) or called == "_number":
                name = node.args[0]
                if isinstance(name, ast.Constant) and str(name.value).isupper():
                    found.add(str(name.value))
    return found


def _documented_variables() -> set[str]:
    tables = [
        line
        for line in (ROOT / "docs/configuration.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    return {
        name for line in tables for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", line.split("|")[1])
    }


def test_every_variable_that_is_read_is_documented() -> None:
    read = _read_variables()

    assert {"SECRET_KEY", "SIGN_IN_LIFETIME", "BIND"} <= read
    assert read - _documented_variables() == set()


def test_every_variable_that_is_documented_is_read() -> None:
    assert _documented_variables() - _read_variables() == set()
