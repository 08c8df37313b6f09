"""Measure what docs/performance.md promises: `python -m bench`.

Each number is a ratio of two things measured in the same run, by turns: machines and hours differ, ratios hardly.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from bench import chromium, load
from bench.servers import Servers
from tests.postgresql import cluster

KEYS_CALLERS, SLOW_CALLERS, PAGE_CALLERS = 16, 200, 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what was found, in each round, and what is wanted."""

    what: str
    compared_with: str
    values: Sequence[float]
    goal: float
    at_most: bool = False

    @property
    def found(self) -> float:
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool:
        return self.found <= self.goal if self.at_most else self.found >= self.goal

    def __str__(self) -> str:
        goal = f"{'at most' if self.at_most else 'at least'} {self.goal:g}"
        spread = f"{min(self.values):.2f} to {max(self.values):.2f}"
        met = "" if self.is_met else "MISSED"
        return (
            f"{self.what:46} {self.compared_with:20} {goal:14} {self.found:7.2f}  {spread:16} {met}"
        )


def main() -> int:
    """Measure, print the table, and say by the exit code whether every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each; medians are taken")
    parser.add_argument("--seconds", type=float, default=3, help="of load, for each one and round")
    options = parser.parse_args()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=memory) as home,
        cluster() as postgresql,
        Servers(Path(home), postgresql=postgresql) as servers,
    ):
        rows = measure(servers, options.rounds, options.seconds)
    print(f"{'what':46} {'compared with':20} {'goal':14} {'found':>7}  rounds")
    for row in rows:
        print(row)
    return 0 if all(row.is_met for row in rows) else 1


def measure(servers: Servers, rounds: int, seconds: float) -> list[Row]:
    """Start everything, and measure each row."""
    postgresql, sqlite = servers.prepare("postgresql"), servers.prepare("sqlite")
    sync = ("-k", "sync", "--threads", "1")
    keys = {
        "original": servers.start("original", application="bench.original", workers=1),
        "PostgreSQL": servers.start("keys-postgresql", workers=1),
        "SQLite": servers.start("keys-sqlite", database="sqlite", workers=1),
    }
    slow = {
        "portal": servers.start("portal", sts_milliseconds=100),
        "sync": servers.start("sync", *sync, sts_milliseconds=100),
    }
    # One process: two share connections by chance, and the ratios would tell of that.
    portal = servers.start("pages", database="sqlite", workers=1)
    servers.wait()

    def rates(targets: Mapping[str, load.Target], callers: int) -> dict[str, list[float]]:
        return by_turns(targets, rounds, lambda target: load.rate(target, callers, seconds))

    def key_targets(urls: Mapping[str, str]) -> dict[str, load.Target]:
        bearer = {"Authorization": f"Bearer {postgresql.token}"}
        return {name: load.Target(url + postgresql.keys_path, bearer) for name, url in urls.items()}

    pages = {"static": load.Target(f"{portal}/bench/static", {"Accept-Encoding": "gzip"})}
    for size, cookie in sqlite.cookies.items():
        # As a browser that was here before: Django makes a CSRF secret for new ones.
        cookies = f"gatehouse={cookie}; gatehouse-csrf={'c' * 32}"
        headers = {"Accept-Encoding": "gzip", "Cookie": cookies}
        pages[size] = load.Target(f"{portal}/", headers)
    key_rates = rates(key_targets(keys), KEYS_CALLERS)
    slow_rates = rates(key_targets(slow), SLOW_CALLERS)
    page_rates = rates(pages, PAGE_CALLERS)
    with chromium.opened(portal) as show:
        shown = {size: ("/", cookie) for size, cookie in sqlite.cookies.items()}
        loaded = by_turns(
            {"static": ("/bench/static", ""), **shown}, rounds * 3, lambda what: show(*what)
        )

    first, static = "first portals' way", "static page of 50 KB"
    keys_of = "keys, 1 process, 16 callers"
    large, few = "page of 300 x 4 roles", "page of 20 roles"
    kilobytes = [len(load.get(pages["300"])) / 1024]
    page_queries = [each.more_page_queries for each in (postgresql, sqlite)]
    key_queries = [each.more_key_queries for each in (postgresql, sqlite)]
    at_least, at_most = partial(Row, at_most=False), partial(Row, at_most=True)
    return [
        at_least(f"{keys_of}, PostgreSQL", first, ratios(key_rates, "PostgreSQL", "original"), 1.5),
        at_least(f"{keys_of}, SQLite", first, ratios(key_rates, "SQLite", "original"), 1.5),
        at_least(
            "keys, 200 callers, STS of 100 ms",
            "sync server",
            ratios(slow_rates, "portal", "sync"),
            10,
        ),
        at_least(f"{few}, requests a second", static, ratios(page_rates, "20", "static"), 0.25),
        at_least(f"{large}, requests a second", static, ratios(page_rates, "300", "static"), 0.05),
        at_most(f"{few}, DOMContentLoaded", static, ratios(loaded, "20", "static"), 1.6),
        at_most(f"{large}, DOMContentLoaded", static, ratios(loaded, "300", "static"), 2),
        at_most(f"{large}, gzipped, KB", "", kilobytes, 15),
        at_most("page of 3,000 accounts, more queries", few, page_queries, 0),
        at_most("keys, 3,000 accounts, 200 groups, more queries", "300, 5", key_queries, 0),
        at_most("page of 3,000 accounts, time", "300", ratios(page_rates, "300", "3000"), 1.5),
    ]


def by_turns(
    targets: Mapping[str, T], rounds: int, once: Callable[[T], float]
) -> dict[str, list[float]]:
    """Measure each target once in each round, after a round that warms up."""
    for target in targets.values():
        once(target)
    found: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(rounds):
        for name, target in targets.items():
            found[name].append(once(target))
    return found


def ratios(found: Mapping[str, list[float]], one: str, other: str) -> list[float]:
    """Return the ratio of each round."""
    return [a / b for a, b in zip(found[one], found[other], strict=True)]


if __name__ == "__main__":
    sys.exit(main())
