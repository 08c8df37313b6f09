"""Compare the start page with a static page: `python -m bench.run`. Ratios of one run; trust nothing else."""

from __future__ import annotations

import argparse
import gzip
import math
import os
import secrets
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import report, servers
from bench.report import Goal
from demo.launcher.processes import Family

SMALL, LARGE = 300, 3000
COOKIE = "gatehouse"
# Enough requests, one after the other, for each worker to have answered a few.
WARM = 20


def main() -> int:
    """Measure, print, and say by the exit code whether every goal is met."""
    parser = report.parser("run", __doc__)
    parser.add_argument("--no-browser", action="store_true", help="leave Chromium out")
    asked = parser.parse_args()
    return report.run(lambda home: _measure(home, asked), _goals, asked.json)


def _measure(home: Path, asked: argparse.Namespace) -> dict[str, Any]:
    port = servers.free_port()
    os.environ.update(servers.environment(home, port=port))
    from bench import portal

    cookies = portal.prepare({SMALL: "Small", LARGE: "Large"})
    with Family(servers.ROOT) as family:
        base = servers.start(family, "portal", home=home, port=port, environment=os.environ)
        family.wait_until_answering()
        return _numbers(base, cookies, asked, portal)


def _numbers(
    base: str, cookies: dict[int, str], asked: argparse.Namespace, portal: Any
) -> dict[str, Any]:
    from bench import browser, load

    pages = {"static": (f"{base}/bench/static", {"Accept-Encoding": "gzip"})}
    for size, cookie in cookies.items():
        # What a browser sends from its second page on.
        cookies_sent = f"{COOKIE}={cookie}; {COOKIE}-csrf={secrets.token_hex(16)}"
        headers = {"Accept-Encoding": "gzip", "Cookie": cookies_sent}
        pages[str(size)] = (f"{base}/", headers)

    def rounds(measure: Callable[[str, dict[str, str]], float], times: int) -> dict[str, Any]:
        series: dict[str, list[float]] = {name: [] for name in pages}
        for _ in range(times):
            for name, (url, headers) in pages.items():
                series[name].append(measure(url, headers))
        return {name: report.summary(values) for name, values in series.items()}

    def after_a_change(url: str, headers: dict[str, str]) -> float:
        portal.change()
        return load.answer_time(url, headers) * 1000

    for url, headers in pages.values():
        for _ in range(WARM):
            load.answer_time(url, headers)
    found: dict[str, Any] = {
        "requests per second": rounds(
            lambda url, headers: load.requests_per_second(url, headers, seconds=asked.seconds),
            asked.rounds,
        ),
        "first answer after a change, ms": rounds(after_a_change, asked.rounds * 2),
        "bytes": {name: len(load.body(*page)) for name, page in pages.items()},
        "gzipped": {},
        "queries": portal.queries(cookies),
    }
    for name, page in pages.items():
        sent = load.body(*page)
        found["gzipped"][name] = (
            len(sent) if sent[:2] == b"\x1f\x8b" else len(gzip.compress(sent, 6))
        )
    if not asked.no_browser:
        found |= _in_chromium(browser, base, cookies, asked.rounds * 3)
    return found


def _in_chromium(browser: Any, base: str, cookies: dict[int, str], times: int) -> dict[str, Any]:
    loaded: dict[str, list[float]] = {"static": [], **{str(size): [] for size in cookies}}
    complete: list[float] = []
    with browser.chromium(None, url=base) as page:
        for _ in range(times):
            loaded["static"].append(browser.loaded(page, f"{base}/bench/static"))
            for size, cookie in cookies.items():
                page.context.clear_cookies()
                page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": base}])
                loaded[str(size)].append(browser.loaded(page, f"{base}/"))
                if size == SMALL:
                    complete.append(browser.complete(page, SMALL))
            page.context.clear_cookies()
    return {
        "DOMContentLoaded, ms": {name: report.summary(values) for name, values in loaded.items()},
        "every account on the page, ms": {str(SMALL): statistics.median(complete)},
    }


def _goals(found: dict[str, Any]) -> list[Goal]:
    speed = {name: row["median"] for name, row in found["requests per second"].items()}
    share = speed["300"] / speed["static"]
    slower = speed["300"] / speed["3000"] if speed["3000"] else math.inf
    goals = [
        Goal("300 accounts, requests per second: of static", share, ">= 0.5", share >= 0.5),
        Goal("3,000 accounts, time: of 300's", slower, "<= 1.5", slower <= 1.5),
        Goal(
            "300 accounts, KB gzipped",
            (size := found["gzipped"]["300"] / 1024),
            "<= 15",
            size <= 15,
        ),
        Goal(
            "queries: 3,000 more than 300",
            (more := found["queries"]["3000"] - found["queries"]["300"]),
            "0",
            more == 0,
        ),
    ]
    if times := found.get("DOMContentLoaded, ms"):
        ratio = times["300"]["median"] / times["static"]["median"]
        goals.append(
            Goal("300 accounts, DOMContentLoaded: of static", ratio, "<= 1.6", ratio <= 1.6)
        )
    return goals


if __name__ == "__main__":
    sys.exit(main())
