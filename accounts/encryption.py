"""Encrypt what the database must not show, with keys derived from SECRET_KEY: one for each purpose."""

from __future__ import annotations

import base64
from enum import StrEnum
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Purpose(StrEnum):
    """What is encrypted. What was encrypted for one purpose cannot be read for another."""

    PROVIDER_TOKENS = "gatehouse: tokens of the provider"
    SIGNING_KEYS = "gatehouse: signing keys"


def encrypt(text: str, *, purpose: Purpose = Purpose.PROVIDER_TOKENS) -> str:
    """Encrypt with the current key; "" stays ""."""
    if not text:
        return ""
    return _keys(_secrets(), purpose).encrypt(text.encode(errors="surrogatepass")).decode()


def decrypt(token: str, *, purpose: Purpose = Purpose.PROVIDER_TOKENS) -> str:
    """Decrypt with the current key or an earlier one; "" if no key fits any more."""
    return _decrypt(token, _secrets(), purpose)


def needs_an_earlier_key(token: str, *, purpose: Purpose = Purpose.PROVIDER_TOKENS) -> bool:
    """Whether this can be decrypted only as long as SECRET_KEY_FALLBACKS holds an earlier secret."""
    current = _decrypt(token, _secrets()[:1], purpose)
    return bool(token) and not current and bool(decrypt(token, purpose=purpose))


def _decrypt(token: str, secrets: tuple[str, ...], purpose: Purpose) -> str:
    try:
        return (
            _keys(secrets, purpose).decrypt(token.encode()).decode(errors="surrogatepass")
            if token
            else ""
        )
    except InvalidToken:
        return ""


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _keys(secrets: tuple[str, ...], purpose: Purpose) -> MultiFernet:
    # HKDF (RFC 5869) keeps these keys apart from each other and from what Django signs with the same secret.
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(
                    HKDF(
                        algorithm=SHA256(), length=32, salt=None, info=purpose.value.encode()
                    ).derive(secret.encode())
                )
            )
            for secret in secrets
        ]
    )
