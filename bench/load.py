"""Ask for a page as fast as it is answered: with wrk where there is one, else with threads of our own."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import threading
import time
from urllib.parse import SplitResult, urlsplit

CONNECTIONS = 8
# Of a server that answers one at a time, some of many callers wait for longer than wrk's 2 seconds.
_PATIENT = ("--timeout", "60s")


def requests_per_second(
    url: str, headers: dict[str, str], *, seconds: float, connections: int = CONNECTIONS
) -> float:
    """Return how many requests were answered a second; all of them well."""
    if wrk := shutil.which("wrk"):
        return _wrk(wrk, url, headers, seconds, connections)
    return _threads(url, headers, seconds, connections)


def answer_time(url: str, headers: dict[str, str]) -> float:
    """Return the seconds until a page has arrived whole, over a new connection."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc)
    connection.connect()
    begun = time.perf_counter()
    _get(connection, _target(where), headers)
    spent = time.perf_counter() - begun
    connection.close()
    return spent


def body(url: str, headers: dict[str, str]) -> bytes:
    """Return a page's bytes as they travel."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc)
    try:
        return _get(connection, _target(where), headers)
    finally:
        connection.close()


def settle(url: str) -> None:
    """Wait until a server has done with callers that have left: a sync one still answers them all."""
    where = urlsplit(url)
    for _ in range(4):  # Each worker gets one, or is free.
        body(f"{where.scheme}://{where.netloc}/healthz", {})


def _target(where: SplitResult) -> str:
    return (where.path or "/") + (f"?{where.query}" if where.query else "")


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != http.client.OK:
        raise RuntimeError(f"GET {path} answered {response.status}")
    return content


def _wrk(wrk: str, url: str, headers: dict[str, str], seconds: float, connections: int) -> float:
    flags = [flag for name, value in headers.items() for flag in ("-H", f"{name}: {value}")]
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", *_PATIENT, *flags, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def _threads(url: str, headers: dict[str, str], seconds: float, connections: int) -> float:
    where, counts = urlsplit(url), [0] * connections
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection(where.netloc)
        while time.perf_counter() < until:
            _get(connection, _target(where), headers)
            counts[number] += time.perf_counter() < until
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds
