"""Ask for a page as fast as it is answered: with wrk where there is one, else with threads of our own."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import threading
import time
from urllib.parse import urlsplit

CONNECTIONS = 8


def requests_per_second(url: str, headers: dict[str, str], *, seconds: float) -> float:
    """Return how many requests were answered a second; all of them well."""
    if wrk := shutil.which("wrk"):
        return _wrk(wrk, url, headers, seconds)
    return _threads(url, headers, seconds)


def answer_time(url: str, headers: dict[str, str]) -> float:
    """Return the seconds until a page has arrived whole, over a new connection."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc)
    connection.connect()
    begun = time.perf_counter()
    _get(connection, where.path or "/", headers)
    spent = time.perf_counter() - begun
    connection.close()
    return spent


def body(url: str, headers: dict[str, str]) -> bytes:
    """Return a page's bytes as they travel."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc)
    try:
        return _get(connection, where.path or "/", headers)
    finally:
        connection.close()


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != http.client.OK:
        raise RuntimeError(f"GET {path} answered {response.status}")
    return content


def _wrk(wrk: str, url: str, headers: dict[str, str], seconds: float) -> float:
    flags = [flag for name, value in headers.items() for flag in ("-H", f"{name}: {value}")]
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", *flags, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def _threads(url: str, headers: dict[str, str], seconds: float) -> float:
    where, counts = urlsplit(url), [0] * CONNECTIONS
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection(where.netloc)
        while time.perf_counter() < until:
            _get(connection, where.path or "/", headers)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds
