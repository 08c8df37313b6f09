"""The secrets of the portal's tokens and codes: a prefix that scanners know, 256 random bits, a checksum.

`gatehouse_`, 43 random letters and digits, and a checksum of 6, after the example of GitHub
(https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/).
Scanners find a leaked one by `PATTERN`; a mistyped one is refused without asking the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "gatehouse_"
# Letters and digits only: a double click selects the whole secret, and no shell needs quotes.
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
# 62 ** 43 is the first power of 62 above 2 ** 256.
_RANDOM = 43
_CHECKSUM = 6
# For secret scanners; docs/tokens.md shows it.
PATTERN = re.compile(rf"\b{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}\b")


def generate() -> str:
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_well_formed(text: str) -> bool:
    """Whether prefix, length, characters and checksum are right; it may still be unknown or revoked."""
    return PATTERN.fullmatch(text) is not None and text[-_CHECKSUM:] == _checksum(text[:-_CHECKSUM])


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal, which is stored instead of the secret.

    A slow hash protects guessable secrets; 256 random bits are not guessable, and this runs for
    every request. The database finds the row by index, not in constant time: timing can reveal how
    a stored hash begins, but nobody can choose a secret by how its SHA-256 begins.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
