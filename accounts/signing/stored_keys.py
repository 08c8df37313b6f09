"""The rows of the signing keys: read, create and change them, each change with its audit row."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import SigningKey
from accounts.models.audit import Action
from accounts.signing import private_keys
from accounts.signing.documents import is_published_here
from accounts.types import Origin, Surface

BY_ITSELF = "the portal itself"
_ORIGIN = Origin(surface=Surface.COMMAND)


def all_keys() -> list[SigningKey]:
    """Return all keys, in the order they were made."""
    return list(SigningKey.objects.order_by("number"))


def public_keys() -> list[SigningKey]:
    """Return all keys without their private halves."""
    return list(SigningKey.objects.defer("encrypted_private_key").order_by("number"))


def locked() -> list[SigningKey]:
    """Return all keys. Whoever else wants to change them waits until this transaction ends."""
    list(SigningKey.objects.select_for_update().values_list("pk"))
    # Asked again: another transaction may have created keys while this one waited.
    return all_keys()


def create_first(*, now: datetime, actor: str = BY_ITSELF) -> list[SigningKey]:
    """Create the first key, which signs at once, and its standby; return them.

    Nothing happens, and nothing is returned, if there are keys, or if another portal creates them at the same time.
    """
    if SigningKey.objects.exists():
        return []
    try:
        with transaction.atomic():
            # The numbers are said: counted on, a second portal's keys would come after those of the first.
            first = create(now=now, actor=actor, signs_from=now, number=1)
            return [first, create(now=now, actor=actor, number=2)]
    except IntegrityError:
        return []


def create(
    *, now: datetime, actor: str, signs_from: datetime | None = None, number: int | None = None
) -> SigningKey:
    """Create a key, inside the caller's transaction; without `signs_from`, a standby key.

    `number` is the next one unless it is said.

    Raises:
        django.db.IntegrityError: another portal created one at the same moment.
    """
    if number is None:
        last = SigningKey.objects.order_by("-number").first()
        number = last.number + 1 if last else 1
    pair = private_keys.generate(settings.TRUST_ALGORITHM)
    key = SigningKey.objects.create(
        number=number,
        kid=pair.kid,
        algorithm=settings.TRUST_ALGORITHM,
        public_jwk=pair.public_jwk,
        encrypted_private_key=pair.encrypted_private_key,
        created_at=now,
        published_at=now if is_published_here() else None,
        signs_from=signs_from,
    )
    record(Action.SIGNING_KEY_CREATED, key, now=now, actor=actor)
    return key


def begin(key: SigningKey, moment: datetime, *, now: datetime, actor: str, reason: str) -> None:
    """Have a key sign from a moment on."""
    key.signs_from = moment
    key.save(update_fields=["signs_from"])
    record(Action.SIGNING_KEY_ROTATED, key, now=now, actor=actor, reason=reason)


def withdraw(key: SigningKey, *, now: datetime, actor: str) -> None:
    """Take a key out of use, and forget its private half."""
    key.withdrawn_at = now
    key.encrypted_private_key = ""
    key.save(update_fields=["withdrawn_at", "encrypted_private_key"])
    record(Action.SIGNING_KEY_WITHDRAWN, key, now=now, actor=actor, reason="emergency")


def record(action: Action, key: SigningKey, *, now: datetime, actor: str, reason: str = "") -> None:
    audit.record(
        action=action,
        now=now,
        origin=_ORIGIN,
        actor=actor,
        reason=reason,
        detail={
            "object": str(key),
            "kid": key.kid,
            "algorithm": key.algorithm,
            "signs_from": key.signs_from.isoformat() if key.signs_from else None,
        },
    )
