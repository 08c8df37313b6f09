"""Rate limits: counted in Redis for all processes together, or in each process by itself.

The settings say how often: API_RATE_LIMIT and the others of docs/configuration.md. API_LIMITS_STORAGE says where.
While that is down each process counts by itself: everybody is answered, and nobody goes uncounted.
"""

from __future__ import annotations

import hashlib
import logging
import time
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.strategies import FixedWindowRateLimiter

from accounts.errors import GatehouseError
from accounts.messages import Message
from accounts.types import Subject
from portal.context import client_network
from portal.limit_storages import IN_PROCESS, storage

log = logging.getLogger(__name__)

REDIS_PAUSE = 5.0
"""Seconds in which nobody asks a Redis that was just found down."""
WRONG_CODES = "10/minute"
"""Codes that people type are short. In the ten minutes that one is good, nobody finds it by this many tries."""

_redis_paused_until = 0.0


class TooMany(GatehouseError):
    """More requests than the settings allow; `retry_after` is in seconds."""

    code = "request.too_many"
    http_status = 429

    def __init__(self, message: Message, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


# Each `count_...` raises TooMany where the request is one too many.


def count_request(subject: Subject) -> None:
    """Count a request of somebody whom a token has proven."""
    _count(settings.API_RATE_LIMIT, "identity", subject.issuer, subject.sub)


def count_list(subject: Subject) -> None:
    """Count a list that a command line asks for: tools ask for the roles of each account in turn."""
    _count(settings.SSO_LIST_RATE_LIMIT, "list", subject.issuer, subject.sub)


def count_bad_token(request: HttpRequest) -> None:
    """Count a token that proved nothing, by address. Good tokens from that address are answered all the same."""
    _count(settings.API_BAD_TOKEN_LIMIT, "address", client_network(request))


def count_anonymous(request: HttpRequest) -> None:
    """Count what needs no token, by address: to register a client, to begin a command line's sign-in."""
    _count(settings.SSO_RATE_LIMIT, "stranger", client_network(request))


def count_client(client: str) -> None:
    """Count what a registered client asks for before it has a token."""
    _count(settings.API_RATE_LIMIT, "client", client)


def count_wrong_code(subject: Subject) -> None:
    """Count a code that somebody signed in typed and that does not exist."""
    _count(WRONG_CODES, "guess", subject.issuer, subject.sub)


def count_started_sign_in(request: HttpRequest, *, browser: str) -> None:
    """Count a sign-in that begins, by the browser where it is a known one, else by address."""
    who = ("browser", browser) if browser else ("departure", client_network(request))
    _count(settings.SIGN_IN_RATE_LIMIT, *who)


def count_failed_sign_in(request: HttpRequest) -> None:
    """Count a sign-in that failed, by address. One that succeeds is not counted, and so never refused."""
    _count(settings.SIGN_IN_RATE_LIMIT, "failed sign-in", client_network(request))


def count_form(subject: Subject, *, times: int = 1) -> None:
    """Count a form of somebody signed in, as many `times` as it asks for roles."""
    _count(settings.PAGES_RATE_LIMIT, "forms", subject.issuer, subject.sub, times=times)


def reset() -> None:
    """Forget the counters of this process; for tests."""
    global _redis_paused_until
    _redis_paused_until = 0.0
    _limiter.cache_clear()


def _count(limit: str, *who: str, times: int = 1) -> None:
    global _redis_paused_until
    item, key = _parsed(limit), _digest(*who)
    if settings.API_LIMITS_STORAGE != IN_PROCESS and time.monotonic() >= _redis_paused_until:
        try:
            return _hit(_limiter(settings.API_LIMITS_STORAGE), item, key, times)
        except StorageError as error:
            _redis_paused_until = time.monotonic() + REDIS_PAUSE
            cause = type(error.storage_error).__name__
            log.error("API_LIMITS_STORAGE failed, each process counts by itself: %s", cause)
    return _hit(_limiter(IN_PROCESS), item, key, times)


def _hit(limiter: FixedWindowRateLimiter, item: RateLimitItem, key: str, times: int) -> None:
    if limiter.hit(item, key, cost=times):
        return
    reset_at = limiter.get_window_stats(item, key).reset_time
    retry_after = max(1, int(reset_at - time.time()) + 1)
    message = Message.counted(
        "Too many requests. Try again in %(count)s second.",
        "Too many requests. Try again in %(count)s seconds.",
        count=retry_after,
    )
    raise TooMany(message, retry_after=retry_after)


def _digest(*who: str) -> str:
    """Return a key of fixed length that names nobody, different for each list of words."""
    whole = "".join(f"{len(part)}:{part}" for part in who)
    return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()


@lru_cache(maxsize=16)
def _parsed(limit: str) -> RateLimitItem:
    return parse(limit)


@lru_cache(maxsize=2)
def _limiter(url: str) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(storage(url))
