"""Trust method "hub": AssumeRole from the portal's own principal in AWS."""

from __future__ import annotations

from collections.abc import Mapping

from accounts import pool
from accounts.aws import clients, sts
from accounts.aws.limits import CHAINED_SESSION
from accounts.types import Credentials, OfferedRole, SessionLimit, Subject


def obtain(
    *,
    role: OfferedRole,
    subject: Subject,
    session_name: str,
    duration: int,
    tags: Mapping[str, str],
) -> Credentials:
    """As `accounts.trust.obtain`. AWS learns of the subject by the session name only."""
    return sts.assume_role(
        role_arn=role.arn,
        session_name=session_name,
        duration=duration,
        external_id=role.external_id,
        tags=tags,
    )


def session_limit(role: OfferedRole) -> SessionLimit:
    """As `accounts.trust.session_limit`: one hour if the portal's own credentials are temporary."""
    if role.session_duration > CHAINED_SESSION and _is_chained():
        return SessionLimit(
            CHAINED_SESSION,
            "AWS limits sessions to 1 hour here, because the portal itself runs with temporary credentials (role chaining).",
        )
    return SessionLimit(role.session_duration)


def console_duration(duration: int) -> int | None:
    """As `accounts.trust.console_duration`.

    With credentials from role chaining the call fails if `SessionDuration` is given:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
    """
    return None if _is_chained() else duration


def _is_chained() -> bool:
    # Credentials that have expired are renewed by the metadata service, which can take seconds.
    pool.give_back()
    return clients.hub_is_chained()
