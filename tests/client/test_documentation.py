"""The commands in the documentation exist."""

from __future__ import annotations

import re
import shlex

from gatehouse_client import cli
from tests.processes import ROOT

PAGES = ["README.md", "client/README.md", "docs/client.md"]
COMMANDS = [
    (page, found)
    for page in PAGES
    for found in re.findall(
        r"(?:^ *|`|\$\()(gatehouse \w[^`\n>)]*)", (ROOT / page).read_text(), re.M
    )
]


def test_the_commands_are_found() -> None:
    assert len(COMMANDS) > 15
    assert {shlex.split(found)[1] for _, found in COMMANDS} >= {
        *("login", "logout", "config", "list", "exec", "credentials", "console", "token"),
    }


def test_commands_of_the_pages_are_understood() -> None:
    for _, typed in COMMANDS:
        words = shlex.split(typed)[1:]
        end = words.index("--") if "--" in words else len(words)

        # Ends the test, with the error on standard error, if the command does not exist.
        assert callable(cli.parser().parse_args(words[:end]).run)
