"""Measure what docs/performance.md promises: `python -m bench`.

Each number is a ratio of two things measured in the same run, by turns: machines and hours differ, ratios hardly.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    values: list[float]
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
            f"{self.what:42} {self.compared_with:24} {goal:14} {self.found:7.2f}  {spread:16} {met}"
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
    print(f"{'what':42} {'compared with':24} {'goal':14} {'found':>7}  rounds")
    for row in rows:
        print(row)
    return 0 if all(row.is_met for row in rows) else 1


def measure(servers: Servers, rounds: int, seconds: float) -> list[Row]:
    """Start everything, and measure each row."""
    on_postgresql = servers.prepare("postgresql")
    on_sqlite = servers.prepare("sqlite")
    sync = ("-k", "sync", "--threads", "1")
    keys = {
        "original": servers.start("original", application="bench.original", workers=1),
        "PostgreSQL": servers.start("keys-postgresql", workers=1),
        "SQLite": servers.start("keys-sqlite", database="sqlite", workers=1),
    }
    portal = servers.start("portal", sts_milliseconds=100)
    slow = {"portal": portal, "sync": servers.start("sync", *sync, sts_milliseconds=100)}
    servers.wait()

    bearer = {"Authorization": f"Bearer {on_postgresql.token}"}
    path = on_postgresql.keys_path
    assert path == on_sqlite.keys_path
    pages = {"static": load.Target(f"{portal}/bench/static", {"Accept-Encoding": "gzip"})}
    for size, cookie in on_postgresql.cookies.items():
        headers = {"Accept-Encoding": "gzip", "Cookie": f"gatehouse={cookie}"}
        pages[size] = load.Target(f"{portal}/", headers)

    def rates(targets: Mapping[str, load.Target], callers: int) -> dict[str, list[float]]:
        return by_turns(targets, rounds, lambda target: load.rate(target, callers, seconds))

    key_rates = rates(
        {name: load.Target(url + path, bearer) for name, url in keys.items()}, KEYS_CALLERS
    )
    slow_rates = rates(
        {name: load.Target(url + path, bearer) for name, url in slow.items()}, SLOW_CALLERS
    )
    page_rates = rates(pages, PAGE_CALLERS)
    with chromium.opened(portal) as show:
        loaded = by_turns(
            {
                "static": ("/bench/static", ""),
                **{size: ("/", one) for size, one in on_postgresql.cookies.items()},
            },
            rounds * 3,
            lambda what: show(*what),
        )
    body = load.get(pages["300"])
    compressed = len(body) if body[:2] == b"\x1f\x8b" else len(gzip.compress(body))

    static = "static page of 50 KB"
    return [
        Row(
            "keys, 1 process, 16 callers, PostgreSQL",
            "first portals' way",
            ratios(key_rates, "PostgreSQL", "original"),
            1.5,
        ),
        Row(
            "keys, 1 process, 16 callers, SQLite",
            "first portals' way",
            ratios(key_rates, "SQLite", "original"),
            1.5,
        ),
        Row(
            "keys, 200 callers, STS of 100 ms",
            "sync server",
            ratios(slow_rates, "portal", "sync"),
            10,
        ),
        Row(
            "page of 20 roles, requests a second", static, ratios(page_rates, "20", "static"), 0.25
        ),
        Row(
            "page of 300 x 4 roles, requests a second",
            static,
            ratios(page_rates, "300", "static"),
            0.05,
        ),
        Row(
            "page of 20 roles, DOMContentLoaded",
            static,
            ratios(loaded, "20", "static"),
            1.6,
            at_most=True,
        ),
        Row(
            "page of 300 x 4 roles, DOMContentLoaded",
            static,
            ratios(loaded, "300", "static"),
            2.0,
            at_most=True,
        ),
        Row("page of 300 x 4 roles, gzipped, KB", "", [compressed / 1024], 15, at_most=True),
        Row(
            "queries of a page, 3,000 accounts",
            "20 roles: so many more",
            [on_postgresql.more_page_queries],
            0,
            at_most=True,
        ),
        Row(
            "queries of keys, 3,000 accounts, 200 groups",
            "300, 5: so many more",
            [on_postgresql.more_key_queries],
            0,
            at_most=True,
        ),
        Row(
            "page of 3,000 accounts, time",
            "300 accounts",
            ratios(page_rates, "300", "3000"),
            1.5,
            at_most=True,
        ),
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
