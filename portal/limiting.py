"""How often anybody may ask. Counted per process, or for all of them in the storage that is set."""

from __future__ import annotations

import hashlib
import logging
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from limits.errors import ConfigurationError
from limits.storage import RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from accounts.errors import GatehouseError
from accounts.types import Subject
from portal.context import client_address
from portal.counting import InProcess

log = logging.getLogger(__name__)

IN_PROCESS = "memory"
SHARED = ("redis", "rediss", "redis+unix")
# Seconds. Counting is a millisecond's work: a Redis that takes longer is down, and threads must not pile up.
PATIENCE = 1.0
# Seconds in which people do not wait for a storage that was just found down.
LEFT_ALONE = 5.0
_left_alone_until = 0.0
_BY_ITSELF = f"{IN_PROCESS}://"
# Codes that people type are short. In the ten minutes that one is good, nobody finds it by these.
GUESSES = "10/minute"


class TooMany(GatehouseError):
    """More requests than the settings allow; `retry_after` is in seconds."""

    code = "request.too_many"
    http_status = 429
    retryable = True

    def __init__(self, user_message: str, *, retry_after: int) -> None:
        super().__init__(user_message)
        self.retry_after = retry_after


class CannotCount(GatehouseError):
    """What counts the requests cannot be reached, so nobody is let in uncounted."""

    code = "limits.unavailable"
    http_status = 503
    retryable = True


def count_request(subject: Subject) -> None:
    """Count a request of somebody whom a token has proven.

    Raises:
        TooMany: it is one too many; the message says when to come back.
        CannotCount: the storage is down.
    """
    _count(settings.API_RATE_LIMIT, "identity", subject.issuer, subject.sub)


def count_refusal(request: HttpRequest) -> None:
    """Count a token that proved nothing, by the address it came from; raises as `count_request`.

    A token that proves something is never refused for what others at the same address do.
    """
    _count(settings.API_BAD_TOKEN_LIMIT, "address", _whose(client_address(request)))


def count_stranger(request: HttpRequest) -> None:
    """Count what an address asks for without any token: to register a client, to begin a sign-in.

    Raises as `count_request`.
    """
    _count(settings.SSO_RATE_LIMIT, "stranger", _whose(client_address(request)))


def count_client(client: str) -> None:
    """Count what a registered client asks for before it has a token; raises as `count_request`."""
    _count(settings.API_RATE_LIMIT, "client", client)


def count_guess(subject: Subject) -> None:
    """Count a code that somebody signed in typed and that there is not; raises as `count_request`."""
    _count(GUESSES, "guess", subject.issuer, subject.sub)


def count_departure(request: HttpRequest, *, browser: str) -> None:
    """Count a sign-in that begins, by the browser where it is a known one, else by its address.

    Raises:
        TooMany: it is one too many.
    """
    who = ("browser", browser) if browser else ("departure", _whose(client_address(request)))
    _count_people(settings.SIGN_IN_RATE_LIMIT, *who)


def count_failed_sign_in(request: HttpRequest) -> None:
    """Count a sign-in that came to nothing, by its address; raises as `count_departure`.

    One that succeeds is not counted, and so is never refused for what others at the same address do.
    """
    _count_people(settings.SIGN_IN_RATE_LIMIT, "failed sign-in", _whose(client_address(request)))


def count_form(subject: Subject, *, times: int = 1) -> None:
    """Count a form of somebody signed in, as often as what it asks for; raises as `count_departure`."""
    _count_people(settings.PAGES_RATE_LIMIT, "forms", subject.issuer, subject.sub, times=times)


def _whose(address: str) -> str:
    """Return what somebody has one of: an IPv4 address, or a network of IPv6 (RFC 6177: a /64 at least)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), 64), strict=False))


def forget() -> None:
    """Begin to count anew, where this process counts by itself."""
    global _left_alone_until
    _left_alone_until = 0.0
    _limiter.cache_clear()


def storage(url: str) -> Storage:
    """Return the storage at a URL of `API_LIMITS_STORAGE`; nothing is asked of it yet.

    Raises:
        ConfigurationError: there is no such storage, or its package is not installed. The text
            repeats nothing of the URL but the scheme: there may be a password in it.
    """
    scheme = urlsplit(url).scheme
    if scheme == IN_PROCESS:
        return InProcess()
    if scheme not in SHARED:
        raise ConfigurationError(f"there is no storage of the scheme {scheme!r:.20}")
    try:
        from redis import exceptions
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as missing:
        raise ConfigurationError("the package redis is not installed") from missing
    return RedisStorage(
        url,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        # Once more, for a connection that a restart of Redis has left behind.
        retry=Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),  # type: ignore[arg-type]  # Its options are passed on as they are.
    )


def _count_people(limit: str, *who: str, times: int = 1) -> None:
    """Count where the settings say, and while that is down in this process: people get in all the same."""
    global _left_alone_until
    if time.monotonic() >= _left_alone_until:
        try:
            return _count(limit, *who, times=times)
        except CannotCount:
            _left_alone_until = time.monotonic() + LEFT_ALONE
    return _count(limit, *who, times=times, url=_BY_ITSELF)


def _count(limit: str, *who: str, times: int = 1, url: str = "") -> None:
    item = _parsed(limit)
    key = _digest(*who)
    try:
        limiter = _limiter(url or settings.API_LIMITS_STORAGE)
        if limiter.hit(item, key, cost=times):
            return
        reset_at = limiter.get_window_stats(item, key).reset_time
    except (
        Exception
    ) as error:  # Each storage has its own; whatever it is, nobody is let in uncounted.
        log.critical("requests cannot be counted: %s", type(error).__name__)
        raise CannotCount(
            "The portal cannot count requests right now, and so answers none. Try again in a moment.",
            f"the storage of API_LIMITS_STORAGE failed: {type(error).__name__}",
        ) from error
    retry_after = max(1, int(reset_at - time.time()) + 1)
    raise TooMany(
        f"Too many requests. Come back in {retry_after} seconds.", retry_after=retry_after
    )


def _digest(*who: str) -> str:
    """Return what tells these apart from all others: of any length, and saying nothing of people."""
    whole = "".join(f"{len(part)}:{part}" for part in who)
    return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()


@lru_cache(maxsize=16)
def _parsed(limit: str) -> RateLimitItem:
    return parse(limit)


@lru_cache(maxsize=2)
def _limiter(url: str) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(storage(url))
