"""Whom the roles of an account trust: the hub, people's own principals at AWS, or the provider of an issuer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from accounts.addresses import is_loopback
from accounts.aws import limits
from accounts.aws.hubs import principal_variable
from accounts.errors import InvalidRequest

# Of one principal, so that a role is never open to a whole account by mistake.
_HUB = re.compile(
    rf"arn:({limits.PARTITION}):iam::{limits.ACCOUNT_ID}:(?:role|user){limits.IAM_PATH}{limits.ROLE_NAME}"
)
_SWITCHING = re.compile(
    rf"arn:({limits.PARTITION}):iam::{limits.ACCOUNT_ID}:"
    rf"(?:root|(?:role|user){limits.IAM_PATH}{limits.ROLE_NAME})"
)
_LONGEST_PROVIDER_URL = 255


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider in IAM: `name` is its URL without https://, as ARNs and condition keys have it."""

    url: str
    audience: str

    @property
    def name(self) -> str:
        return self.url.partition("://")[2]

    def arn(self, *, partition: str, account_id: str) -> str:
        """Return its ARN in an account: provider and role are always in the same one."""
        return f"arn:{partition}:iam::{account_id}:oidc-provider/{self.name}"


def hub_principal(partition: str) -> str:
    """Return the ARN of the portal's own role or user in a partition, which roles trust by the method hub.

    Raises:
        InvalidRequest: it is not configured, or is no ARN of a role or user of this partition.
    """
    arn = settings.AWS_HUB_PRINCIPALS.get(partition, "")
    name = principal_variable(partition)
    if not arn:
        raise InvalidRequest(
            f"{name} is not set. Set it to the ARN of the role or user that the portal itself has in AWS, "
            "so that the roles of accounts can trust it.",
            code="onboarding.hub_principal",
        )
    found = _HUB.fullmatch(arn)
    if found is None or found[1] != partition:
        raise InvalidRequest(
            f"{name} is not the ARN of an IAM role or user in the partition {partition}. Write it as "
            f"arn:{partition}:iam::123456789012:role/gatehouse-hub.",
            code="onboarding.hub_principal",
        )
    return str(arn)


def switching_principals(partition: str) -> list[str]:
    """Return the ARNs of those who may switch to roles: what people sign in as at AWS.

    Raises:
        InvalidRequest: none is configured for this partition, or one is no ARN of a role, user or account.
    """
    found = [
        arn for arn in settings.SWITCH_ROLE_PRINCIPALS if partition_of_switching(arn) == partition
    ]
    if not found:
        raise InvalidRequest(
            f"SWITCH_ROLE_PRINCIPALS names nobody in the partition {partition}. Set it to the ARNs of the "
            "roles or users that people sign in to AWS with before they switch.",
            code="onboarding.switch_role_principals",
        )
    return sorted(set(found))


def partition_of_switching(arn: str) -> str:
    """Return the partition of one of those who may switch to roles.

    Raises:
        InvalidRequest: it is no ARN of a role, user or account.
    """
    if (match := _SWITCHING.fullmatch(arn)) is None:
        raise InvalidRequest(
            "SWITCH_ROLE_PRINCIPALS holds what is no ARN of an IAM role, user or account: "
            f"{arn!a:.200}. Write arn:aws:iam::123456789012:role/Name, or arn:aws:iam::123456789012:root "
            "for all of an account that its own policies let.",
            code="onboarding.switch_role_principals",
        )
    return match[1]


def provider_at(url: str, audience: str) -> Provider:
    """Return the provider of an issuer.

    Raises:
        InvalidRequest: IAM takes no such issuer or audience.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https" or is_loopback(parts.hostname or "")
    if not (secure and parts.hostname) or parts.query or parts.fragment or parts.username:
        raise InvalidRequest(
            f"IAM takes no issuer with the address {url!a:.200}: it needs https, and neither a query nor a user.",
            code="onboarding.issuer",
        )
    if len(url) > _LONGEST_PROVIDER_URL or not re.fullmatch(r"[!-~]+", url) or "${" in url:
        raise InvalidRequest(
            "IAM takes issuers of up to 255 printable ASCII characters; this portal's is none.",
            code="onboarding.issuer",
        )
    if not 1 <= len(audience) <= _LONGEST_PROVIDER_URL or "${" in audience:
        raise InvalidRequest(
            "IAM takes audiences of 1 to 255 characters without ${; this portal's is none.",
            code="onboarding.audience",
        )
    return Provider(url=url, audience=audience)


def provider_of_hub() -> Provider:
    """Return the provider of the tokens by which AWS vouches for the hub in other partitions.

    Raises:
        InvalidRequest: it is not configured.
    """
    if not settings.AWS_WEB_IDENTITY_ISSUER:
        raise InvalidRequest(
            "AWS_WEB_IDENTITY_ISSUER is not set. Set it to the address of the issuer that AWS shows for the account of the "
            "portal's own principal: aws iam get-outbound-web-identity-federation-info.",
            code="onboarding.hub_issuer",
        )
    return provider_at(settings.AWS_WEB_IDENTITY_ISSUER, settings.TRUST_AUDIENCE)


def partition_of_hub() -> str:
    """Return the partition of the principal for which AWS vouches in others.

    Raises:
        InvalidRequest: none or several are configured.
    """
    named = [
        partition
        for partition, arn in settings.AWS_HUB_PRINCIPALS.items()
        if arn and partition not in settings.AWS_WEB_IDENTITY_PARTITIONS
    ]
    if len(named) != 1:
        raise InvalidRequest(
            "AWS vouches for one principal in other partitions. Set the variable AWS_HUB_PRINCIPAL_… of the partition that "
            "the portal itself is in, and no other.",
            code="onboarding.hub_principal",
        )
    return named[0]


def provider_of_people() -> Provider:
    """Return the provider of the people's ID tokens: the portal's own client at the identity provider."""
    return provider_at(settings.OIDC_ISSUER, settings.OIDC_RP_CLIENT_ID)
