"""Trust method "switch-role": a link to AWS's own switch-role page. The portal obtains nothing, so there are no keys."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from accounts.aws.switch_role import switch_role_url
from accounts.errors import AccessDenied, InvalidRequest
from accounts.messages import Message
from accounts.models.directory import Colour
from accounts.types import Credentials, Kind, OfferedRole, SessionLimit, SessionRequest, Subject

# The colours that the page offers, by what environments call them. AWS documents no list: these are those of 2024
# (https://repost.aws/questions/QU2dDHOT34RH6LJYIrHLUJrw/switch-role-link-query-parameters).
_COLOURS = {
    Colour.RED: "f2b0a9",
    Colour.AMBER: "fbc8aa",
    Colour.GREEN: "b7ca9d",
    Colour.BLUE: "83d4e8",
}


NO_KEYS = "access.no_keys"


def refuse_unfit(
    *, role: OfferedRole, subject: Subject, kind: Kind, tags: Mapping[str, str]
) -> None:
    """As `accounts.trust.refuse_unfit`: no keys, and nothing that AWS's page cannot pass on."""
    del subject
    if kind is Kind.KEYS:
        raise no_keys(role)
    if tags:
        raise InvalidRequest(
            Message(
                "Session tags cannot be given in this account: AWS's switch-role page takes none. Leave them out."
            ),
            code="request.tags_not_possible",
        )


def obtain(request: SessionRequest) -> Credentials:
    """Refuse: there is nothing to obtain."""
    raise no_keys(request.role)


def session_limit(role: OfferedRole) -> SessionLimit:
    """As `accounts.trust.session_limit`. AWS decides: an hour, or what is left of the session that switches."""
    return SessionLimit(role.session_duration)


def console_duration(role: OfferedRole, duration: int) -> int | None:
    """As `accounts.trust.console_duration`: a link has no duration."""
    return None


def console_link(role: OfferedRole) -> str:
    """Return the link. Whoever follows it needs an AWS sign-in of their own that may assume the role.

    Raises:
        AwsRefused: AWS's page does not take this role.
    """
    environment = role.environment
    return switch_role_url(
        partition=role.partition,
        account_id=role.account_id,
        path=role.iam_path,
        role_name=role.iam_role_name,
        display_name=f"{role.role_name} @ {role.account_name}",
        colour="" if environment is None else _COLOURS.get(Colour(environment.colour), ""),
        endpoint=settings.AWS_FEDERATION_ENDPOINT,
    )


def no_keys(role: OfferedRole) -> AccessDenied:
    """Return the refusal of keys in an account with this trust method."""
    return AccessDenied(
        Message(
            "This account gives no keys: people switch to its roles with the AWS sign-in that they already have. "
            "Open the console instead."
        ),
        f"account {role.account_id} has the trust method switch-role, which gives no keys",
        code=NO_KEYS,
    )
