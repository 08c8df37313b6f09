"""The provider's signing keys, cached with a bound and read again when a token names an unknown one."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from accounts.oidc.cache import Kept
from accounts.oidc.errors import TokenRefused
from accounts.oidc.wire import ask, out_of_order

VerificationKey = RSAKey | ECKey | OKPKey

KEPT_FOR = 600.0
"""Seconds for which a key that the provider has withdrawn may still be accepted."""
FROM_PROVIDER = 0.0
FROM_ANYBODY = 5.0
"""Seconds between two readings that an unknown `kid` has caused, by where the token came from.

What the provider itself has just answered names a key that it publishes: a rotation costs no
sign-in, whatever others send meanwhile. Anybody can make up a token for the API.
"""
MAX_DOCUMENT = 512 * 1024
MAX_KEYS = 100

# What a public key is made of (RFC 7518 section 6, RFC 8037 section 2); the rest is not read.
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
    *, url: str, kid: str | None, algorithm: str, apart: float, guarded: bool = False
) -> VerificationKey:
    """Return the key that a token names, or the only one that fits if it names none.

    For an unknown key the provider is asked again, at most each `apart` seconds. `guarded` as in
    `accounts.oidc.wire.ask`.

    Raises:
        TokenRefused: no key fits, or several fit a token that names none.
        ProviderUnavailable: the keys could not be read.
    """
    cache = _at(url, guarded)
    keys = cache.current()
    found = _fitting(keys, kid=kid, algorithm=algorithm)
    if not found:
        keys = cache.renewed(keys, apart=apart)
        found = _fitting(keys, kid=kid, algorithm=algorithm)
    if len(found) == 1:
        return found[0]
    if found:
        raise _refused(f"fits {len(found)} of the provider's keys, and does not say which it means")
    if kid is None:
        raise _refused(f"names no key, and the provider publishes none for {algorithm}")
    raise _refused(f"names a key that the provider does not publish for {algorithm}")


def current(*, url: str) -> tuple[VerificationKey, ...]:
    """Return the keys a provider publishes; raises ProviderUnavailable if they cannot be read."""
    return _at(url, False).current()


@lru_cache(maxsize=64)
def _at(url: str, guarded: bool) -> Kept[tuple[VerificationKey, ...]]:
    return Kept(partial(_read, url, guarded), seconds=KEPT_FOR)


def _read(url: str, guarded: bool) -> tuple[VerificationKey, ...]:
    answer = ask("GET", url, what="the key set", limit=MAX_DOCUMENT, guarded=guarded)
    return parse_keys(answer.document())


def forget() -> None:
    """Read the keys anew at the next use."""
    _at.cache_clear()


def parse_keys(document: dict[str, Any]) -> tuple[VerificationKey, ...]:
    """Return the keys of a JWK Set (RFC 7517) that can verify signatures; others are passed over.

    Raises:
        ProviderUnavailable: it is no key set, or holds more than `MAX_KEYS`.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise out_of_order("the key set has no list of keys")
    if len(listed) > MAX_KEYS:
        raise out_of_order(f"the key set holds more than {MAX_KEYS} keys")
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


def _fitting(
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


def _refused(why: str) -> TokenRefused:
    return TokenRefused(
        "The identity provider's answer is signed with a key that it does not publish. "
        "Try again in a minute; if it goes on, tell the people who run this portal.",
        f"The token {why}.",
        code="signin.token.key",
    )
