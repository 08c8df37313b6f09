"""Compare the API with the first portals' handler and with a sync server: `python -m bench.api`.

Ratios of one run; trust nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import load, report, servers, tokens
from bench.report import Found, Goal, summary
from demo.launcher.processes import Family

FEW, MANY = 16, 200
"""Callers at once."""
WAIT = 100
"""Milliseconds that the slow STS takes."""
WARM = 30


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and how many call it at once."""

    name: str
    url: str
    callers: int


def main() -> int:
    """Measure, print, and say by the exit code whether every goal is met."""
    asked = report.parser("api", __doc__).parse_args()
    return report.run(lambda home: _measure(home, asked), _goals, asked.json)


def _measure(home: Path, asked: argparse.Namespace) -> Found:
    stub_port = servers.free_port()
    issuer = tokens.Issuer(f"http://localhost:{stub_port}")
    keys = home / "jwks.json"
    keys.write_text(json.dumps(issuer.key_set()))
    environment = servers.environment(
        home,
        port=(port := servers.free_port()),
        OIDC_ISSUER=issuer.url,
        API_AUDIENCES=tokens.AUDIENCE,
        # Counted as always, and never reached.
        API_RATE_LIMIT="10000000/minute",
        AWS_ENDPOINT_URL_STS=issuer.url,
        BENCH_KEYS=str(keys),
    )
    os.environ.update(environment)
    from bench import portal

    portal.prepare({300: "Small"})
    from bench import verification  # It needs Django set up.

    token = issuer.token(tokens.ORDINARY)
    asking = f"/api/credentials?role={quote(portal.a_role_arn('Small', tokens.ORDINARY))}"
    with Family(servers.ROOT) as family:
        family.start(
            "stub",
            command=[sys.executable, "-m", "bench.aws", str(stub_port), str(keys)],
            environment=dict(os.environ),
            url=f"{issuer.url}/seen",
            log=home / "stub.log",
        )
        family.wait_until_answering()
        targets = _start(family, home, port=port, asking=asking, slow=f"{issuer.url}/after/{WAIT}")
        family.wait_until_answering()
        headers = {"Authorization": f"Bearer {token}"}
        return _numbers(targets, headers, asked, issuer, verification.Comparison(issuer))


def _start(family: Family, home: Path, *, port: int, asking: str, slow: str) -> list[Target]:
    alone = {**os.environ, "WEB_CONCURRENCY": "1"}
    waiting = {**os.environ, "AWS_ENDPOINT_URL_STS": slow}
    started: tuple[tuple[str, int, dict[str, str], tuple[str, ...], str], ...] = (
        ("portal", FEW, alone, (), "portal.wsgi"),
        ("original", FEW, alone, (), "bench.original"),
        ("portal, slow STS", MANY, waiting, (), "portal.wsgi"),
        (
            "sync, slow STS",
            MANY,
            waiting,
            ("-k", "sync", "-w", "2", "--threads", "1"),
            "portal.wsgi",
        ),
    )
    targets = []
    for number, (name, callers, environment, options, application) in enumerate(started):
        at = port if number == 0 else servers.free_port()
        url = servers.start(
            family,
            name,
            *options,
            home=home,
            port=at,
            # Each says the address it is at: hosts are checked.
            environment={**environment, "BASE_URL": f"http://localhost:{at}"},
            application=application,
        )
        targets.append(Target(name, f"{url}{asking}", callers))
    return targets


def _numbers(
    targets: list[Target],
    headers: dict[str, str],
    asked: argparse.Namespace,
    issuer: tokens.Issuer,
    compared: Any,
) -> Found:
    rates: dict[str, list[float]] = {target.name: [] for target in targets}
    calls: list[float] = []
    for target in targets:
        for _ in range(WARM):
            load.body(target.url, headers)
    for _ in range(asked.rounds):
        for target in targets:
            before = _seen(issuer)
            rates[target.name].append(
                load.requests_per_second(
                    target.url, headers, seconds=asked.seconds, connections=target.callers
                )
            )
            load.settle(target.url)
            if target.name == "portal, slow STS":
                calls.append(_connections(before, _seen(issuer)))
        compared.measure()
    return {
        "requests per second": {name: summary(values) for name, values in rates.items()},
        "spread of the baselines, percent of the median": {
            name: 100 * (max(rates[name]) - min(rates[name])) / statistics.median(rates[name])
            for name in ("original", "sync, slow STS")
        },
        "verification, microseconds": compared.found(),
        "connections to STS opened per 1,000 calls": {"portal, slow STS": summary(calls)},
    }


def _seen(issuer: tokens.Issuer) -> dict[str, int]:
    found: dict[str, int] = json.loads(load.body(f"{issuer.url}/seen", {}))
    return found


def _connections(before: dict[str, int], after: dict[str, int]) -> float:
    calls = after["calls"] - before["calls"]
    return 1000 * (after["connections"] - before["connections"]) / calls if calls else 0.0


def _goals(found: Found) -> list[Goal]:
    speed: dict[str, Any] = {
        name: row["median"] for name, row in found["requests per second"].items()
    }
    times = found["verification, microseconds"]
    faster = speed["portal"] / speed["original"]
    more = speed["portal, slow STS"] / speed["sync, slow STS"]
    verifying = times["portal"] / times["signature alone"]
    return [
        Goal(
            "keys, one process, 16 callers: times the first portals'", faster, ">= 2", faster >= 2
        ),
        Goal(
            "200 groups verified, time: of the signature's", verifying, "<= 4.5", verifying <= 4.5
        ),
        Goal("200 callers, STS of 100 ms: times a sync server's", more, ">= 35", more >= 35),
    ]


if __name__ == "__main__":
    sys.exit(main())
