"""AssumeRoleWithWebIdentity, as the trust methods that have a token ask for it. No AWS keys are needed."""

from __future__ import annotations

from collections.abc import Mapping

from accounts import pool
from accounts.aws import clients, partitions, sts
from accounts.errors import AwsRefused, InvalidRequest
from accounts.messages import Message
from accounts.types import Credentials, OfferedRole, SessionRequest


def assume_role(request: SessionRequest, token: str) -> Credentials:
    """Return keys for the session that is asked for, by a web identity token. It must not appear anywhere else.

    Session tags and the source identity are the token's to say.

    Raises:
        GatehouseError: as `accounts.aws.sts.assume_role_with_web_identity`.
    """
    pool.give_back()
    return sts.assume_role_with_web_identity(
        role_arn=request.role.arn,
        session_name=request.session_name,
        duration=request.duration,
        token=token,
        region=region_of(request.role),
        policy=request.policy,
        policy_arns=request.policy_arns,
    )


def region_of(role: OfferedRole) -> str:
    """Return where STS is asked: the account's region, else AWS_REGION, else the first of the account's partition."""
    return partitions.find(role.partition).choose_region(role.region, clients.hub_region())


def refuse_what_the_token_lacks(request: SessionRequest) -> None:
    """Refuse a session of which AWS is to be told what only a token of our own could say.

    Raises:
        AwsRefused: the permission set wants session tags or a source identity.
    """
    if request.tags or request.transitive_tags or request.source_identity:
        raise AwsRefused(
            Message("This account is not set up correctly. Contact your portal admins."),
            f"the permission set {request.role.role_name} wants session tags or a source identity, which the trust "
            f"method of account {request.role.account_id} cannot pass on: use portal-token, or hub",
            code="trust.session_rules",
        )


def refuse_tags(tags: Mapping[str, str]) -> None:
    """Refuse session tags where the token is somebody else's, who puts none into it.

    Raises:
        InvalidRequest: there are tags.
    """
    if tags:
        raise InvalidRequest(
            Message("Session tags cannot be given in this account. Leave them out."),
            "the trust method of the account presents a token that somebody else signs, which holds no session tags",
            code="request.tags_not_possible",
        )
