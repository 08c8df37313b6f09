"""An issuer's signing keys (RFC 7517): cached, and read again when a token names an unknown one."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from accounts.messages import Message
from accounts.oidc.cache import CachedValue
from accounts.oidc.errors import InvalidToken, unavailable
from accounts.oidc.provider_http import fetch

VerificationKey = RSAKey | ECKey | OKPKey

LIFETIME = 600.0
"""Seconds for which a key that the provider has withdrawn may still be accepted."""
AT_ONCE = 0.0
RELOAD_INTERVAL = 5.0
"""Least seconds between two readings of a key set because of an unknown `kid` or a wrong signature.

`AT_ONCE` is for tokens that came from the provider itself: it has just changed its key, and the
sign-in must not fail. Anybody can send the API a token with a made-up `kid` or signature.
"""
MAX_DOCUMENT = 512 * 1024
MAX_KEYS = 100

# The members of a public key (RFC 7518 section 6, RFC 8037 section 2); others are not read.
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CLASSES: dict[str, type[VerificationKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_SHORTEST_RSA_MODULUS = 2048 * 4 // 3 // 8

# Algorithms a provider may sign with, and the key type and curve each asks for (RFC 7518 section
# 3.1, RFC 9864). HS* would make the client secret a signing key, and `none` proves nothing.
ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", "")),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}


def find(
    *, url: str, kid: str | None, algorithm: str, reload_interval: float, guarded: bool = False
) -> VerificationKey:
    """Return the key that a token names, or the only one that fits if it names none.

    For an unknown key the key set is read again, at most each `reload_interval` seconds: `AT_ONCE`
    or `RELOAD_INTERVAL`. `guarded` as in `accounts.oidc.provider_http.fetch`.

    Raises:
        InvalidToken: no key fits, or several fit a token that names none.
        ProviderUnavailable: the keys could not be read.
    """
    cached = _cached_keys(url, guarded)
    keys = cached.get()
    matching = _matching(keys, kid=kid, algorithm=algorithm)
    if not matching:
        keys = cached.reload(keys, interval=reload_interval)
        matching = _matching(keys, kid=kid, algorithm=algorithm)
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise _no_key(
            f"fits {len(matching)} of the provider's keys, and does not say which it means"
        )
    if kid is None:
        raise _no_key(f"names no key, and the provider publishes none for {algorithm}")
    raise _no_key(f"names a key that the provider does not publish for {algorithm}")


def find_replacement(
    failed: VerificationKey,
    *,
    url: str,
    kid: str | None,
    algorithm: str,
    reload_interval: float,
    guarded: bool = False,
) -> VerificationKey | None:
    """Return the key that has taken the place of `failed`, which did not verify a signature; None if none has.

    Some providers replace a key and keep its `kid`, or publish keys without any. The key set is
    read again at most each `reload_interval` seconds; parameters and errors as in `find`.
    """
    cached = _cached_keys(url, guarded)
    keys = cached.get()
    if any(key is failed for key in keys):
        keys = cached.reload(keys, interval=reload_interval)
    matching = _matching(keys, kid=kid, algorithm=algorithm)
    return matching[0] if len(matching) == 1 and matching[0] is not failed else None


def current(*, url: str) -> tuple[VerificationKey, ...]:
    """Return the keys a provider publishes; raises ProviderUnavailable if they cannot be read."""
    return _cached_keys(url, False).get()


@lru_cache(maxsize=64)
def _cached_keys(url: str, guarded: bool) -> CachedValue[tuple[VerificationKey, ...]]:
    return CachedValue(partial(_read, url, guarded), seconds=LIFETIME)


def _read(url: str, guarded: bool) -> tuple[VerificationKey, ...]:
    answer = fetch("GET", url, name="the key set", limit=MAX_DOCUMENT, guarded=guarded)
    return parse_keys(answer.document())


def clear_cache() -> None:
    """Read the keys anew at the next use."""
    _cached_keys.cache_clear()


def parse_keys(document: dict[str, Any]) -> tuple[VerificationKey, ...]:
    """Return the keys of a JWK Set (RFC 7517) that can verify signatures; others are passed over.

    Raises:
        ProviderUnavailable: it is no key set, or holds more than `MAX_KEYS`.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise unavailable("the key set has no list of keys")
    if len(listed) > MAX_KEYS:
        raise unavailable(f"the key set holds more than {MAX_KEYS} keys")
    return tuple(key for jwk in listed if (key := _parse_key(jwk)) is not None)


def _parse_key(jwk: object) -> VerificationKey | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    if "key_ops" in jwk and (
        not isinstance(jwk["key_ops"], list) or "verify" not in jwk["key_ops"]
    ):
        return None
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _CLASSES:
        return None
    members = {name: jwk[name] for name in (*_MEMBERS[kind], "kid", "alg") if name in jwk}
    if not all(isinstance(value, str) for value in members.values()):
        return None
    if kind == "RSA" and len(str(members.get("n", "")).rstrip("=")) < _SHORTEST_RSA_MODULUS:
        return None
    try:
        return _CLASSES[kind].import_key({"kty": kind, **members})
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _matching(
    keys: tuple[VerificationKey, ...], *, kid: str | None, algorithm: str
) -> list[VerificationKey]:
    kind, curve = ALGORITHMS[algorithm]
    return [
        key
        for key in keys
        if key.key_type == kind
        and (not curve or key.get("crv") == curve)
        and key.alg in (None, algorithm)
        and (kid is None or key.kid == kid)
    ]


def _no_key(why: str) -> InvalidToken:
    return InvalidToken(
        Message(
            "The answer of your identity provider is signed with a key that it does not publish. "
            "Try again in a minute. If it happens again, contact your portal admins."
        ),
        f"The token {why}.",
        rule="key",
    )
