"""Change which key signs. Each change is one transaction with its audit rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.encryption import Purpose, decrypt, encrypt, needs_an_earlier_key
from accounts.errors import InvalidRequest
from accounts.models import SigningKey
from accounts.models.audit import Action
from accounts.moments import in_words
from accounts.signing import stored_keys
from accounts.signing.documents import cache_time
from accounts.signing.key_states import KeyState, begins_at, state_of, useless


class RotationUnderWay(InvalidRequest):
    """A key that is to sign next waits for its time already."""

    code = "signing.rotation_under_way"


def rotate(*, now: datetime, actor: str) -> SigningKey:
    """Have the standby key sign as soon as it has been published for long enough, and create the next standby.

    Return the key that will sign, or signs already. The key before it stays published: see `key_states`.

    Raises:
        RotationUnderWay: nothing was changed.
        InvalidRequest: the standby is not published yet.
    """
    with transaction.atomic():
        keys = stored_keys.locked()
        states = _states(keys, now)
        if following := states.get(KeyState.NEXT):
            raise RotationUnderWay(
                f"A rotation is under way: {following[0]} signs from {in_words(begins_at(following[0]))}. "
                "Nothing was changed."
            )
        successor = _replacement(keys, now) or stored_keys.create(now=now, actor=actor)
        if successor.published_at is None:
            raise InvalidRequest(
                f"{str(successor).capitalize()} is not published yet. Run manage.py export_issuer and publish what "
                "it writes, then rotate. Nothing was changed.",
                code="signing.not_published",
            )
        first = not states.get(KeyState.SIGNING)
        begins = now if first else max(now, successor.published_at + cache_time())
        stored_keys.begin(successor, begins, now=now, actor=actor, reason="rotation")
        _ensure_standby(now=now, actor=actor)
    return successor


def rotate_if_due(*, now: datetime, actor: str) -> SigningKey | None:
    """Rotate if the key that signs does so for TRUST_ROTATION days already; return the key that will sign, else None.

    Doing it twice is doing it once: whoever comes second finds a key that is young, or a rotation under way.

    Raises:
        InvalidRequest: the standby is not published yet.
    """
    if not settings.TRUST_ROTATION:
        return None
    with transaction.atomic():
        states = _states(stored_keys.locked(), now)
        signing = states.get(KeyState.SIGNING)
        if not signing or states.get(KeyState.NEXT):
            return None
        if now - begins_at(signing[0]) < timedelta(days=settings.TRUST_ROTATION):
            return None
        return rotate(now=now, actor=actor)


def replace_at_once(*, now: datetime, actor: str, all_keys_are_known: bool = False) -> SigningKey:
    """In an emergency: withdraw the keys that sign or have signed, and have another sign at once; return that.

    It is the one that has been published longest, so that AWS probably knows it already. With
    `all_keys_are_known` those that have not signed yet are withdrawn, too: then AWS may refuse tokens
    until it reads the key set again.
    """
    with transaction.atomic():
        keys = stored_keys.locked()
        unused = (KeyState.UNPUBLISHED, KeyState.STANDBY, KeyState.NEXT)
        for key in keys:
            state = _state(key, keys, now)
            if state is not KeyState.WITHDRAWN and (all_keys_are_known or state not in unused):
                stored_keys.withdraw(key, now=now, actor=actor)
        successor = _replacement(stored_keys.locked(), now) or stored_keys.create(
            now=now, actor=actor
        )
        stored_keys.begin(successor, now, now=now, actor=actor, reason="emergency")
        _ensure_standby(now=now, actor=actor)
    return successor


def add_standby(*, now: datetime, actor: str) -> SigningKey | None:
    """Create a standby key; None if there is one."""
    with transaction.atomic():
        return _ensure_standby(now=now, actor=actor)


def note_publication(*, now: datetime, actor: str) -> list[SigningKey]:
    """Note that all keys are published from now on; return those that were not before."""
    with transaction.atomic():
        keys = [
            key
            for key in stored_keys.locked()
            if key.published_at is None and key.withdrawn_at is None
        ]
        for key in keys:
            key.published_at = now
            key.save(update_fields=["published_at"])
            stored_keys.record(Action.SIGNING_KEY_PUBLISHED, key, now=now, actor=actor)
    return keys


def useless_keys(*, now: datetime) -> list[SigningKey]:
    """Return the keys that can go, as `manage.py purge` deletes them."""
    return useless(stored_keys.public_keys(), now=now, cache_time=cache_time())


def encrypt_again(*, now: datetime, actor: str) -> int:
    """Encrypt private keys with the current SECRET_KEY where an earlier one was used; return of how many."""
    with transaction.atomic():
        keys = [
            key
            for key in stored_keys.locked()
            if needs_an_earlier_key(key.encrypted_private_key, purpose=Purpose.SIGNING_KEYS)
        ]
        for key in keys:
            pem = decrypt(key.encrypted_private_key, purpose=Purpose.SIGNING_KEYS)
            key.encrypted_private_key = encrypt(pem, purpose=Purpose.SIGNING_KEYS)
            key.save(update_fields=["encrypted_private_key"])
            stored_keys.record(Action.SIGNING_KEY_ENCRYPTED, key, now=now, actor=actor)
    return len(keys)


def _replacement(keys: list[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key to sign next: of those that have not signed, the one that was published first."""
    states = _states(keys, now)
    waiting = (
        *states.get(KeyState.NEXT, ()),
        *states.get(KeyState.STANDBY, ()),
        *states.get(KeyState.UNPUBLISHED, ()),
    )
    return next(iter(waiting), None)


def _ensure_standby(*, now: datetime, actor: str) -> SigningKey | None:
    """Create a standby key, and return it, unless there is one."""
    if any(key.signs_from is None and key.withdrawn_at is None for key in stored_keys.locked()):
        return None
    return stored_keys.create(now=now, actor=actor)


def _state(key: SigningKey, keys: list[SigningKey], now: datetime) -> KeyState:
    return state_of(key, keys, now=now, cache_time=cache_time())


def _states(keys: list[SigningKey], now: datetime) -> dict[KeyState, list[SigningKey]]:
    found: dict[KeyState, list[SigningKey]] = {}
    for key in keys:
        found.setdefault(_state(key, keys, now), []).append(key)
    return found
