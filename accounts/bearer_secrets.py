"""What a token of the portal looks like: a prefix that scanners know, 256 random bits, a checksum.

`gatehouse_`, 43 random letters and digits, and 6 that follow from them, after the example of GitHub
(https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/).
A leaked one is found by `PATTERN`; a mistyped one is told from an unknown one without a database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "gatehouse_"
# Letters and digits alone: a double click selects all of it, and no shell needs quotes.
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
# 62 ** 43 is the first power of 62 above 2 ** 256.
_RANDOM = 43
_CHECKSUM = 6
# The regular expression of docs/tokens.md, for secret scanners.
PATTERN = re.compile(rf"\b{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}\b")


def new() -> str:
    """Return a new secret."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_whole(text: str) -> bool:
    """Whether this is a token of the portal, letter by letter: it says nothing about who may use it."""
    return PATTERN.fullmatch(text) is not None and text[-_CHECKSUM:] == _checksum(text[:-_CHECKSUM])


def digest(secret: str) -> str:
    """Return what is stored in place of a secret: SHA-256, in hexadecimal.

    A slow hash would protect a guessable secret; nobody guesses 256 random bits, and this is
    computed for every request. Found by index, and not compared in constant time: what the time
    tells is how a hash begins, and nobody can choose a secret by how its SHA-256 begins.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
