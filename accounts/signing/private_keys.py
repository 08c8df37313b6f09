"""Make key pairs, keep the private half encrypted, and read it to sign."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from accounts.encryption import Purpose, decrypt, encrypt
from accounts.errors import AwsRefused
from accounts.messages import Message
from accounts.models import SigningKey
from accounts.models.signing_keys import SigningAlgorithm

PrivateKey = RSAKey | ECKey
RSA_BITS = 2048
NOT_SET_UP = Message("This account is not set up correctly. Contact your portal admins.")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key: its public half as it is published, and its private half encrypted."""

    kid: str
    public_jwk: dict[str, Any]
    encrypted_private_key: str = field(repr=False)


def generate(algorithm: str) -> KeyPair:
    """Make a key pair for an algorithm of `SigningAlgorithm`. Its id is its thumbprint (RFC 7638)."""
    key: PrivateKey = (
        ECKey.generate_key("P-256")
        if algorithm == SigningAlgorithm.ES256
        else RSAKey.generate_key(RSA_BITS)
    )
    kid = key.thumbprint()
    members: dict[str, Any] = dict(key.as_dict(private=False))
    public: dict[str, Any] = {
        name: members[name] for name in ("crv", "x", "y", "n", "e") if name in members
    }
    return KeyPair(
        kid=kid,
        public_jwk={
            "kty": members["kty"],
            "use": "sig",
            "alg": str(algorithm),
            "kid": kid,
            **public,
        },
        encrypted_private_key=encrypt(
            key.as_pem(private=True).decode(), purpose=Purpose.SIGNING_KEYS
        ),
    )


def load(key: SigningKey) -> PrivateKey:
    """Return the private key of a row.

    Raises:
        AwsRefused: it cannot be decrypted, or is not the one whose public half is published.
    """
    pem = decrypt(key.encrypted_private_key, purpose=Purpose.SIGNING_KEYS)
    if not pem:
        raise AwsRefused(
            NOT_SET_UP,
            f"{key} cannot be decrypted: neither SECRET_KEY nor SECRET_KEY_FALLBACKS holds the secret it was "
            "encrypted with. Set that again, or run manage.py signing_keys emergency --all",
            code="signing.key_unreadable",
        )
    try:
        private = _parse(pem, key.algorithm)
        private_kid = private.thumbprint()
    except (JoseError, ValueError, TypeError):
        private_kid = ""
    if private_kid != key.kid:
        # Somebody has changed the row. `from None`: an error must not quote a private key.
        raise AwsRefused(
            NOT_SET_UP,
            f"the private half of {key} is not that of its key id: its row was changed. Run manage.py "
            "signing_keys emergency",
            code="signing.key_unreadable",
        ) from None
    return private


# To check an RSA key as it is read takes 28 ms of processor time, thirty times as long as to sign.
@lru_cache(maxsize=4)
def _parse(pem: str, algorithm: str) -> PrivateKey:
    if algorithm == SigningAlgorithm.ES256:
        return ECKey.import_key(pem)
    return RSAKey.import_key(pem)
