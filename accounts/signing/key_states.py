"""Which key signs and which are published, from the moments of all keys: every portal comes to the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from accounts.models import SigningKey

TOKEN_LIFETIME = timedelta(seconds=120)
CLOCK_SKEW = timedelta(minutes=5)
"""For how long after its end AWS still takes a token: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html"""


class KeyState(StrEnum):
    """What a key is for at a moment."""

    UNPUBLISHED = "not published yet"
    STANDBY = "standby"
    NEXT = "signs later"
    SIGNING = "signs"
    RETIRED = "retired, still published"
    OVER = "no longer published"
    WITHDRAWN = "withdrawn"


def signing_key(keys: Iterable[SigningKey], *, now: datetime) -> SigningKey | None:
    """Return the key that signs: of those whose time has come, the one whose time came last.

    If there is none, but one whose time is about to come, the clock of this machine is behind that of the
    machine where the key was made.
    """
    keys = list(keys)
    begun = [key for key in keys if _has_begun(key, now)]
    if not begun:
        begun = [key for key in keys if _has_begun(key, now + CLOCK_SKEW)]
    return max(begun, key=_order, default=None)


def published(
    keys: Iterable[SigningKey], *, now: datetime, cache_time: timedelta
) -> list[SigningKey]:
    """Return the keys of the key set, those that do not sign yet included, in the order they were made."""
    keys = list(keys)
    gone = (KeyState.OVER, KeyState.WITHDRAWN)
    return sorted(
        (key for key in keys if state_of(key, keys, now=now, cache_time=cache_time) not in gone),
        key=lambda key: key.number,
    )


def state_of(
    key: SigningKey, keys: Sequence[SigningKey], *, now: datetime, cache_time: timedelta
) -> KeyState:
    """Return the state of one of the keys.

    A retired key stays published until no token of its can be taken any more, and as long again as AWS may
    keep the documents (`cache_time`).
    """
    if key.withdrawn_at is not None:
        return KeyState.WITHDRAWN
    if key.published_at is None:
        return KeyState.UNPUBLISHED
    if key.signs_from is None:
        return KeyState.STANDBY
    if not _has_begun(key, now):
        return KeyState.NEXT
    retired_at = _retired_at(key, keys, now)
    if retired_at is None:
        return KeyState.SIGNING
    if now < retired_at + _longest_use(cache_time):
        return KeyState.RETIRED
    return KeyState.OVER


def _has_begun(key: SigningKey, now: datetime) -> bool:
    return (
        key.withdrawn_at is None
        and key.published_at is not None
        and key.published_at <= now
        and key.signs_from is not None
        and key.signs_from <= now
    )


def _order(key: SigningKey) -> tuple[datetime, int]:
    return (begins_at(key), key.number)


def useless(
    keys: Sequence[SigningKey], *, now: datetime, cache_time: timedelta
) -> list[SigningKey]:
    """Return the keys of which no document and no valid token is left anywhere."""
    return [
        key
        for key in keys
        if state_of(key, keys, now=now, cache_time=cache_time) is KeyState.OVER
        or (key.withdrawn_at and now >= key.withdrawn_at + _longest_use(cache_time))
    ]


def _longest_use(cache_time: timedelta) -> timedelta:
    return TOKEN_LIFETIME + CLOCK_SKEW + cache_time


def begins_at(key: SigningKey) -> datetime:
    """Return when a key that is published, and no standby, began to sign or will begin."""
    assert key.signs_from is not None  # noqa: S101 - for mypy: only of keys that have begun
    assert key.published_at is not None  # noqa: S101
    return max(key.signs_from, key.published_at)


def _retired_at(key: SigningKey, keys: Iterable[SigningKey], now: datetime) -> datetime | None:
    """Return when the next key began to sign in its place; None if none has."""
    return min(
        (
            begins_at(other)
            for other in keys
            if _has_begun(other, now) and _order(other) > _order(key)
        ),
        default=None,
    )
