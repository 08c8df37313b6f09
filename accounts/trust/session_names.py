"""The role session name of a subject: how CloudTrail shows who acted (decision 3)."""

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
    """Return a name that only this person has: 2 to 64 of the ASCII characters that STS takes.

    It begins with the email, which people can read, and ends with a digest of (issuer, sub), which
    identifies the person: an email can change, repeat, or be too long. `unverified-` stands before an
    address that nobody verified.
    """
    identity = f"{len(subject.issuer)}:{subject.issuer}{subject.sub}".encode()
    encoded = base64.b32encode(hashlib.sha256(identity).digest()).decode().lower()
    label = subject.label
    if label.endswith(UNVERIFIED):
        label = f"unverified-{label.removesuffix(UNVERIFIED)}"
    label = _NOT_ALLOWED.sub("-", label)[:_LONGEST_LABEL].strip("-")
    return f"{label or 'person'}-{encoded[:_DIGEST_LENGTH]}"
