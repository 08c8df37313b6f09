"""Where the counters of rate limits are kept: in Redis for all processes together, or in each process by itself."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

from limits.errors import ConfigurationError
from limits.storage import RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

IN_PROCESS = "memory://"
REDIS_SCHEMES = ("redis", "rediss", "redis+unix")
REDIS_TIMEOUT = 1.0
"""Seconds. Counting takes a millisecond: a Redis that takes longer is down."""


def storage(url: str) -> Storage:
    """Return the storage at a URL of API_LIMITS_STORAGE, without connecting to it.

    Raises:
        ConfigurationError: there is no storage for the scheme. The text names nothing else of the URL: there
            may be a password in it.
        ValueError: it is not a URL.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return ProcessStorage()
    if scheme not in REDIS_SCHEMES:
        raise ConfigurationError(f"there is no storage of the scheme {scheme!r:.20}")
    return RedisStorage(
        url,
        wrap_exceptions=True,
        socket_connect_timeout=REDIS_TIMEOUT,
        socket_timeout=REDIS_TIMEOUT,
        # One try more, for a connection that a restart of Redis has broken.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),  # type: ignore[arg-type]  # Options reach the client as they are.
    )


class ProcessStorage(Storage):
    """Counts in this process, for fixed windows.

    The MemoryStorage of `limits` starts up to a hundred threads a second to drop what has ended, each of which
    goes through all counters. Here a request does that, once for as many new counters as there were.
    """

    STORAGE_SCHEME = None  # Not found by a URL: `storage` makes it.
    base_exceptions = ()

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}  # The count, and the Unix time of the end.
        self._tidy_at = 1000  # Counters.

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        with self._lock:
            count, ends = self._windows.get(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + expiry
            self._windows[key] = count + amount, ends
            if len(self._windows) > self._tidy_at:
                self._windows = {k: each for k, each in self._windows.items() if each[1] > now}
                self._tidy_at = 1000 + 2 * len(self._windows)
            return count + amount

    def get(self, key: str) -> int:
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return max(self._windows.get(key, (0, 0.0))[1], time.time())

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            number = len(self._windows)
            self._windows.clear()
            return number

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)
