"""Whether what AWS reads at the issuer's address is what this portal would have it read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from accounts import http
from accounts.models import SigningKey
from accounts.signing import stored_keys
from accounts.signing.documents import (
    DISCOVERY_PATH,
    KEY_SET_PATH,
    cache_time,
    issuer_url,
)
from accounts.signing.key_states import published, signing_key

PATIENCE = 5.0
"""Seconds: AWS waits as long for an answer."""
MAX_DOCUMENT = 512 * 1024


def what_aws_would_miss(*, now: datetime) -> list[str]:
    """Read both documents as AWS does, and return what is wrong with them, for admins; nothing if all is well.

    This is a look from where the portal is: AWS looks from the internet.

    Raises:
        django.db.Error: the keys could not be read.
    """
    return list(_complaints(stored_keys.public_keys(), now))


def _complaints(keys: list[SigningKey], now: datetime) -> Iterator[str]:
    try:
        discovery = _fetch(DISCOVERY_PATH)
        key_set = _fetch(KEY_SET_PATH)
    except _Unreadable as why:
        yield str(why)
        return
    if discovery.get("issuer") != issuer_url():
        yield f"the discovery document names the issuer {_shown(discovery.get('issuer'))}, not {issuer_url()}"
    if discovery.get("jwks_uri") != f"{issuer_url()}{KEY_SET_PATH}":
        yield f"the discovery document says that the keys are at {_shown(discovery.get('jwks_uri'))}"
    listed = key_set.get("keys")
    found = [jwk for jwk in listed if isinstance(jwk, dict)] if isinstance(listed, list) else []
    there = {str(jwk.get("kid")): jwk for jwk in found}
    signs = signing_key(keys, now=now)
    for key in published(keys, now=now, cache_time=cache_time()):
        if key.kid not in there:
            what = "AWS refuses all tokens" if key == signs else "it must not sign yet"
            yield f"{key} ({key.kid}) is not in the key set: {what}"
        elif there[key.kid] != key.public_jwk:
            yield f"{key} ({key.kid}) is not the same in the key set"
    for key in keys:
        if key.withdrawn_at is not None and key.kid in there:
            yield f"{key} ({key.kid}) was withdrawn and is still in the key set: whoever has it can sign tokens"


class _Unreadable(Exception):
    """A document could not be read."""


def _fetch(path: str) -> dict[str, Any]:
    url = f"{issuer_url()}{path}"
    try:
        answer = http.fetch("GET", url, total=PATIENCE, limit=MAX_DOCUMENT)
    except http.HttpError as error:
        raise _Unreadable(f"{url} cannot be read: {error}") from error
    if answer.status != 200:
        raise _Unreadable(f"{url} answers {answer.status}")
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _Unreadable(f"{url} answers something else than a JSON object")
    return document


def _shown(value: object) -> str:
    return f"{value!r:.200}"
