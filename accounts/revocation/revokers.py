"""The revoker role of each account: it may read and write the policies that end sessions, and nothing else.

The portal enters it by another external id, or another subject of its tokens, than any role that people enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from accounts import pool, signing
from accounts.aws import clients, hubs, partitions, sts
from accounts.aws.arn import RoleArn, parse_role_arn
from accounts.aws.limits import SHORTEST_SESSION
from accounts.aws.role_rules import REVOKER_ROLE
from accounts.errors import AwsRefused
from accounts.models import Account
from accounts.models.directory import TrustMethod
from accounts.types import Credentials


@dataclass(frozen=True, slots=True)
class Revoker:
    """A role that ends sessions. With an external id the hub enters it, without one a token that the portal signs."""

    role: RoleArn
    external_id: str = ""
    region: str = ""


def of_account(account: Account | None) -> Revoker:
    """Return the revoker role of an account; None is one that the directory does not have any more.

    Raises:
        AwsRefused: it has none that the portal could enter.
    """
    if account is None:
        raise _without("the directory does not have this account any more")
    role = RoleArn(account.partition, account.account_id, "/", REVOKER_ROLE)
    if account.trust_method == TrustMethod.PORTAL_TOKEN:
        return Revoker(role, region=account.region)
    if not account.revoker_external_id:
        raise _without(
            "no template with a revoker role was made for it: create its templates again, and deploy them. Accounts whose "
            "trust method is neither hub nor portal-token need AWS_HUB_PRINCIPAL_… for it"
        )
    return Revoker(role, account.revoker_external_id, account.region)


def of_organization() -> Revoker:
    """Return the role that may change the organization's policy.

    Raises:
        InvalidRequest: ORGANIZATION_REVOCATION_ROLE is no ARN of a role.
    """
    return Revoker(
        parse_role_arn(settings.ORGANIZATION_REVOCATION_ROLE),
        settings.ORGANIZATION_REVOCATION_EXTERNAL_ID,
    )


def enter(revoker: Revoker, *, session_name: str) -> Credentials:
    """Return keys of a revoker role for 15 minutes. They must not leave `accounts.revocation`.

    Raises:
        AwsRefused: AWS does not let the portal in.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    role = revoker.role
    if not revoker.external_id:
        token = signing.mint_for_revoker(account_id=role.account_id, now=timezone.now())
        return _by_token(revoker, token, session_name)
    hub = hubs.find(
        role.partition,
        profiles=settings.AWS_HUB_PROFILES,
        by_web_identity=settings.AWS_WEB_IDENTITY_PARTITIONS,
    )
    pool.give_back()
    if hub.by_web_identity:
        return _by_token(revoker, sts.web_identity_token(audience=signing.audience()), session_name)
    return sts.assume_role(
        role_arn=str(role),
        session_name=session_name,
        duration=SHORTEST_SESSION,
        external_id=revoker.external_id,
        region=hub.region,
        profile=hub.profile,
    )


def region_of(revoker: Revoker) -> str:
    """Return where AWS is asked: in a region of the role's own partition."""
    partition = partitions.find(revoker.role.partition)
    return partition.choose_region(revoker.region, clients.hub_region())


def _by_token(revoker: Revoker, token: str, session_name: str) -> Credentials:
    pool.give_back()
    return sts.assume_role_with_web_identity(
        role_arn=str(revoker.role),
        session_name=session_name,
        duration=SHORTEST_SESSION,
        token=token,
        region=region_of(revoker),
    )


def _without(why: str) -> AwsRefused:
    return AwsRefused(
        "The sessions in this account cannot be cut. Contact your portal admins.",
        f"the account has no revoker role: {why}",
        code="revocation.no_revoker",
    )
