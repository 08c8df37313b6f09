"""What the pages tell people to type is what the command understands."""

from __future__ import annotations

import re
import shlex

import pytest

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


@pytest.mark.parametrize(("page", "typed"), COMMANDS, ids=[found for _, found in COMMANDS])
def test_command_of_a_page_is_understood(page: str, typed: str) -> None:
    words = shlex.split(typed)[1:]
    cut = words.index("--") if "--" in words else len(words)

    options = cli._parser().parse_args(words[:cut])

    assert callable(options.run)
