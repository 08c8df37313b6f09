"""Encrypt the provider's tokens at rest, with keys derived from SECRET_KEY."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"gatehouse: tokens of the provider"


def encrypt(text: str) -> str:
    """Encrypt with the current key; "" stays ""."""
    return _keys(_secrets()).encrypt(text.encode(errors="surrogatepass")).decode() if text else ""


def decrypt(token: str) -> str:
    """Decrypt with the current key or an earlier one; "" if no key fits any more."""
    try:
        return (
            _keys(_secrets()).decrypt(token.encode()).decode(errors="surrogatepass")
            if token
            else ""
        )
    except InvalidToken:
        return ""


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _keys(secrets: tuple[str, ...]) -> MultiFernet:
    # HKDF (RFC 5869) keeps this key apart from what Django signs with the same secret.
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(
                    HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(
                        secret.encode()
                    )
                )
            )
            for secret in secrets
        ]
    )
