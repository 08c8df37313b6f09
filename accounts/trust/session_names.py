"""Role session names and source identities: how CloudTrail shows who acted (decision 3)."""

from __future__ import annotations

import base64
import hashlib
import re

from accounts.aws.limits import LONGEST_SESSION_NAME
from accounts.types import UNVERIFIED, Subject

_DIGEST_LENGTH = 12
_LONGEST_LABEL = LONGEST_SESSION_NAME - _DIGEST_LENGTH - 1
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_+=,.@-]+")


def session_name(subject: Subject) -> str:
    """Return the name that begins with the email, which people can read; see `named`.

    `unverified-` stands before an address that nobody verified.
    """
    label = subject.label
    if label.endswith(UNVERIFIED):
        label = f"unverified-{label.removesuffix(UNVERIFIED)}"
    return named(subject, label)


def named(subject: Subject, label: str) -> str:
    """Return a name that only this person has: 2 to 64 of the ASCII characters that STS takes.

    It begins with as much of `label` as AWS takes, for people, and ends with a digest of (issuer, sub), which
    identifies the person: a label can change, repeat, or be too long.
    """
    readable = _NOT_ALLOWED.sub("-", label)[:_LONGEST_LABEL].strip("-")
    return f"{readable or 'person'}-{person_mark(issuer=subject.issuer, sub=subject.sub)}"


def person_mark(*, issuer: str, sub: str) -> str:
    """Return what all session names and source identities of a person end with, and nobody else's."""
    identity = f"{len(issuer)}:{issuer}{sub}".encode()
    encoded = base64.b32encode(hashlib.sha256(identity).digest()).decode().lower()
    return encoded[:_DIGEST_LENGTH]
