"""Create, change and withdraw signing keys. Each change is one transaction with its audit rows."""

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


def create_first(*, now: datetime, actor: str = BY_ITSELF) -> list[SigningKey]:
    """Create the first key, which signs at once, and its standby; return them.

    Nothing happens, and nothing is returned, if there are keys, or if another portal creates them at the same time.
    """
    if SigningKey.objects.exists():
        return []
    try:
        with transaction.atomic():
            first = _create(now=now, actor=actor, signs_from=now)
            return [first, _create(now=now, actor=actor)]
    except IntegrityError:
        return []


def _create(*, now: datetime, actor: str, signs_from: datetime | None = None) -> SigningKey:
    last = SigningKey.objects.order_by("-number").first()
    pair = private_keys.generate(settings.TRUST_ALGORITHM)
    key = SigningKey.objects.create(
        number=last.number + 1 if last else 1,
        kid=pair.kid,
        algorithm=settings.TRUST_ALGORITHM,
        public_jwk=pair.public_jwk,
        encrypted_private_key=pair.encrypted_private_key,
        created_at=now,
        published_at=now if is_published_here() else None,
        signs_from=signs_from,
    )
    _record(Action.SIGNING_KEY_CREATED, key, now=now, actor=actor)
    return key


def _record(
    action: Action, key: SigningKey, *, now: datetime, actor: str, reason: str = ""
) -> None:
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
