"""Trust method "hub": AssumeRole from the portal's own principal in AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings

from accounts import pool, signing
from accounts.aws import clients, hubs, sts
from accounts.aws.hubs import Hub
from accounts.aws.limits import CHAINED_SESSION
from accounts.errors import AwsUnavailable, GatehouseError
from accounts.trust import web_identity
from accounts.types import Credentials, Kind, OfferedRole, SessionLimit, SessionRequest, Subject


def refuse_unfit(
    *, role: OfferedRole, subject: Subject, kind: Kind, tags: Mapping[str, str]
) -> None:
    """As `accounts.trust.refuse_unfit`: the hub serves everybody. AWS's word for it holds no session tags."""
    if tags and _hub(role.partition).by_web_identity:
        web_identity.refuse_tags(tags)


def obtain(request: SessionRequest) -> Credentials:
    """As `accounts.trust.obtain`. AWS learns of the subject by session name, source identity and tags."""
    hub = _hub(request.role.partition)
    if hub.by_web_identity:
        web_identity.refuse_what_the_token_lacks(request)
        return web_identity.assume_role(
            request, sts.web_identity_token(audience=signing.audience())
        )
    return sts.assume_role(
        role_arn=request.role.arn,
        session_name=request.session_name,
        duration=request.duration,
        external_id=request.role.external_id,
        region=hub.region,
        profile=hub.profile,
        tags=request.tags,
        transitive_tags=request.transitive_tags,
        source_identity=request.source_identity,
        policy=request.policy,
        policy_arns=request.policy_arns,
    )


def session_limit(role: OfferedRole) -> SessionLimit:
    """As `accounts.trust.session_limit`: one hour if the portal's own credentials are known to be temporary."""
    if role.session_duration <= CHAINED_SESSION:
        return SessionLimit(role.session_duration)
    try:
        is_chained = _is_chained(role)
    except (
        AwsUnavailable
    ):  # What gives the credentials does not answer. The door finds out with AWS.
        is_chained = False
    if is_chained:
        return SessionLimit(
            CHAINED_SESSION,
            "AWS limits sessions to 1 hour here, because the portal itself runs with temporary credentials (role chaining).",
        )
    return SessionLimit(role.session_duration)


def console_duration(role: OfferedRole, duration: int) -> int | None:
    """As `accounts.trust.console_duration`.

    With credentials from role chaining the call fails if `SessionDuration` is given:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
    """
    return None if _is_chained(role) else duration


def partitions_without_hub(partitions: Iterable[str]) -> dict[str, str]:
    """Return those of these partitions in which no role can be assumed, and what an admin is told of each."""
    told = {}
    for partition in sorted(set(partitions)):
        try:
            _hub(partition)
        except GatehouseError as error:
            told[partition] = error.admin_message
    return told


def _hub(partition: str) -> Hub:
    return hubs.find(
        partition,
        profiles=settings.AWS_HUB_PROFILES,
        by_web_identity=settings.AWS_WEB_IDENTITY_PARTITIONS,
    )


def _is_chained(role: OfferedRole) -> bool:
    hub = _hub(role.partition)
    if hub.by_web_identity:
        return False
    # Credentials that have expired are renewed by the metadata service, which can take seconds.
    pool.give_back()
    return clients.hub_is_chained(profile=hub.profile)
