"""Share the suite out among processes: what takes longest begins, what shares something costly stays together.

pytest-xdist's own way to say so, its mark `xdist_group`, has no effect with pytest 9.2.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/keycloak", "tests/demo")
"""Folders that are one process's: one Keycloak is enough, and demos share the checkout's static files."""
_LONGEST_FIRST = ("keycloak", "browser", "wire")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out whole files, and the folders above as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        return str(file.parent) if str(file.parent) in TOGETHER else str(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Let pytest-xdist give tests out as above."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    marked = (n for n, name in enumerate(_LONGEST_FIRST) if item.get_closest_marker(name))
    return next(marked, len(_LONGEST_FIRST))
