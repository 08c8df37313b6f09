"""The trust methods behind one function: how keys are obtained for an account role."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from accounts import pool
from accounts.aws import clients, session_tags, sts
from accounts.aws.limits import CHAINED_SESSION, LONGEST_SESSION_NAME
from accounts.errors import AwsRefused
from accounts.types import Credentials, OfferedRole, Subject

_DIGEST_LENGTH = 12
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_+=,.@-]+")


@dataclass(frozen=True, slots=True)
class SessionLimit:
    """The longest session to expect, in seconds, and why it is shorter than the role's; "" if it is not."""

    seconds: int
    because: str = ""


def obtain(
    *,
    role: OfferedRole,
    session_name: str,
    duration: int,
    tags: Mapping[str, str] = session_tags.NONE,
) -> Credentials:
    """Return temporary keys for a role, by the trust method of its account, with these session tags.

    Raises:
        InvalidRequest: AWS does not take such tags.
        AwsRefused: AWS, or what is configured there, said no.
        AwsUnavailable: AWS could not be reached, or is throttling.
    """
    if role.trust_method != "hub":
        raise AwsRefused(
            "This account is not set up correctly. Contact your portal admins.",
            f"account {role.account_id} has the unknown trust method {role.trust_method!r}",
            code="trust.unknown",
        )
    return sts.assume_role(
        role_arn=role.arn,
        session_name=session_name,
        duration=duration,
        external_id=role.external_id,
        tags=tags,
    )


def session_limit(role: OfferedRole) -> SessionLimit:
    """Say how long a session with this role can be, as far as is known before AWS is asked."""
    if role.session_duration > CHAINED_SESSION and _hub_is_chained():
        return SessionLimit(
            CHAINED_SESSION,
            "AWS limits sessions to 1 hour here, because the portal itself runs with temporary credentials (role chaining).",
        )
    return SessionLimit(role.session_duration)


def console_duration(duration: int) -> int | None:
    """Return what to ask the console's sign-in for; None where AWS refuses to be asked.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html:
    with credentials from role chaining the call fails if `SessionDuration` is given.
    """
    return None if _hub_is_chained() else duration


def _hub_is_chained() -> bool:
    # Credentials that have run out come from the metadata service, which may take its time.
    pool.give_back()
    return clients.hub_is_chained()


def session_name(subject: Subject) -> str:
    """Return the role session name of a subject: ASCII, at most 64 characters, never two people's.

    A readable beginning from the email, for those who read CloudTrail, then a digest of what
    identifies the person: (issuer, sub). Emails alone change, repeat and overflow.
    """
    identity = f"{len(subject.issuer)}:{subject.issuer}{subject.sub}".encode()
    beginning = hashlib.sha256(identity).digest()[:_DIGEST_LENGTH]
    digest = base64.b32encode(beginning).decode().lower()[:_DIGEST_LENGTH]
    readable = (
        _NOT_IN_NAMES.sub("-", subject.label)[: LONGEST_SESSION_NAME - _DIGEST_LENGTH - 1].strip(
            "-"
        )
        or "person"
    )
    return f"{readable}-{digest}"
