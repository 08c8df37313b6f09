"""The trust policy of an account's role: the one place that writes one.

No statement tests a key of a provider with an operator that is true when the key is absent (IfExists,
ForAllValues, StringNotEquals, Null): AWS sets few of a token's claims, and a missing one must refuse.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts import signing
from accounts.aws import limits
from accounts.errors import InvalidRequest
from accounts.models import Account, AccountRole, PermissionSet
from accounts.models.directory import TrustMethod
from accounts.onboarding import principals
from accounts.onboarding.principals import Provider

VERSION = "2012-10-17"
# A value of a policy: text, or what a template puts in its place in each account.
Value = Any


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may open sessions with a role, and what they have to show.

    `principal`: the ARN or ARNs of AWS's principals, or the ARN of `provider`. `patterns`: whether subjects
    are compared with * and ? in them. `extras`: actions beside the one that opens the session. Values may be
    a template's own functions instead of text.
    """

    principal: Value
    provider: Provider | None = None
    subjects: Value = ()
    patterns: bool = False
    external_id: Value = ""
    extras: tuple[str, ...] = ()

    def policy(self) -> dict[str, Any]:
        """Return the policy, as a document of IAM."""
        statements = self._by_token(self.provider) if self.provider else self._by_principal()
        return {"Version": VERSION, "Statement": statements}

    def _by_token(self, provider: Provider) -> list[dict[str, Any]]:
        name = provider.name
        equal: dict[str, Value] = {f"{name}:aud": provider.audience}
        condition: dict[str, Any] = {"StringEquals": equal}
        if self.patterns:
            condition["StringLike"] = {f"{name}:sub": self.subjects}
        else:
            equal[f"{name}:sub"] = self.subjects
        return [
            {
                "Sid": "Gatehouse",
                "Effect": "Allow",
                "Principal": {"Federated": self.principal},
                "Action": _one_or_more(["sts:AssumeRoleWithWebIdentity", *self.extras]),
                "Condition": condition,
            }
        ]

    def _by_principal(self) -> list[dict[str, Any]]:
        principal = {"AWS": self.principal}
        assume: dict[str, Any] = {
            "Sid": "Gatehouse",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "sts:AssumeRole",
        }
        if self.external_id:
            assume["Condition"] = {"StringEquals": {"sts:ExternalId": self.external_id}}
        if not self.extras:
            return [assume]
        # sts:ExternalId is a key of sts:AssumeRole only. These actions alone open nothing.
        also = {
            "Sid": "GatehouseSession",
            "Effect": "Allow",
            "Principal": principal,
            "Action": _one_or_more(self.extras),
        }
        return [assume, also]


def trust_policy(account: Account, role: AccountRole) -> dict[str, Any]:
    """Return the trust policy that a role of an account needs for the account's trust method.

    Raises:
        InvalidRequest: the portal or the account lacks something that the policy needs, or the policy would
            be longer than IAM takes; the message is for portal admins and says what to do.
    """
    return checked(trust_of(account, role).policy(), account, role)


def checked(policy: dict[str, Any], account: Account, role: AccountRole) -> dict[str, Any]:
    """Return a trust policy that IAM takes by its size.

    Raises:
        InvalidRequest: it is too long.
    """
    size = len(json.dumps(policy, separators=(",", ":")))
    if size > limits.LONGEST_TRUST_POLICY:
        raise InvalidRequest(
            f"The trust policy of {role.permission_set.name} in {account.account_id} would have {size} "
            f"characters, and IAM takes {limits.LONGEST_TRUST_POLICY}. Name fewer subjects, or use the trust "
            "method portal-token, which needs no list of people.",
            code="onboarding.policy_too_long",
        )
    return policy


def trust_of(account: Account, role: AccountRole) -> Trust:
    """Return who may open sessions with a role of an account.

    Raises:
        InvalidRequest: as `trust_policy`.
    """
    return _METHODS[TrustMethod(account.trust_method)](account, role)


def trust_of_revoker(account: Account) -> Trust | None:
    """Return who may open sessions with the role that ends sessions; None where the portal has no way in.

    No role that people enter demands the same external id, or the same subject.

    Raises:
        InvalidRequest: as `trust_policy`.
    """
    if account.trust_method == TrustMethod.PORTAL_TOKEN:
        provider = principals.provider_at(signing.issuer_url(), signing.audience())
        return Trust(
            provider=provider,
            principal=provider.arn(partition=account.partition, account_id=account.account_id),
            subjects=signing.subject_of_revoker(account.account_id),
        )
    if not account.revoker_external_id:
        return None
    if account.partition in settings.AWS_WEB_IDENTITY_PARTITIONS:
        # Its provider is in the account for the method hub alone.
        return _hub_by_web_identity(account) if account.trust_method == TrustMethod.HUB else None
    return Trust(
        principal=principals.hub_principal(account.partition),
        external_id=account.revoker_external_id,
    )


def _hub(account: Account, role: AccountRole) -> Trust:
    if account.partition in settings.AWS_WEB_IDENTITY_PARTITIONS:
        return _hub_by_web_identity(account)
    if not account.external_id:
        raise InvalidRequest(
            f"The account {account.account_id} has no external id yet. Create its templates again.",
            code="onboarding.external_id",
        )
    return Trust(
        principal=principals.hub_principal(account.partition),
        external_id=account.external_id,
        extras=_extras(role.permission_set),
    )


def _hub_by_web_identity(account: Account) -> Trust:
    """Return the trust in AWS's word for the hub, which is in another partition.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
    """
    provider = principals.provider_of_hub()
    return Trust(
        provider=provider,
        principal=provider.arn(partition=account.partition, account_id=account.account_id),
        subjects=principals.hub_principal(principals.partition_of_hub()),
    )


def _user_token(account: Account, role: AccountRole) -> Trust:
    subjects = _subjects_of_people(account, role)
    return Trust(
        provider=(provider := principals.provider_of_people()),
        principal=provider.arn(partition=account.partition, account_id=account.account_id),
        subjects=_one_or_more(subjects),
        patterns=any("*" in subject or "?" in subject for subject in subjects),
        extras=_extras(role.permission_set),
    )


def _portal_token(account: Account, role: AccountRole) -> Trust:
    """Return the trust in the portal's own tokens for this role: none of another role or account opens it."""
    provider = principals.provider_at(signing.issuer_url(), signing.audience())
    name = role.iam_role_name or role.permission_set.name
    return Trust(
        provider=provider,
        principal=provider.arn(partition=account.partition, account_id=account.account_id),
        subjects=signing.subject_for(account.account_id, name),
        extras=_extras(role.permission_set),
    )


def _switch_role(account: Account, role: AccountRole) -> Trust:
    """Return the trust in what people are at AWS already. The switch-role page can pass nothing on.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
    """
    return Trust(principal=_one_or_more(principals.switching_principals(account.partition)))


_METHODS: dict[TrustMethod, Callable[[Account, AccountRole], Trust]] = {
    TrustMethod.HUB: _hub,
    TrustMethod.USER_TOKEN: _user_token,
    TrustMethod.PORTAL_TOKEN: _portal_token,
    TrustMethod.SWITCH_ROLE: _switch_role,
}


def _subjects_of_people(account: Account, role: AccountRole) -> list[str]:
    """Return whose ID tokens open the role, by `sub`: audience alone would let in everybody of the client."""
    if not role.subjects:
        raise InvalidRequest(
            f"{role.permission_set.name} in {account.account_id} names no subjects. List the sub of each "
            "person whose ID token may open the role, or use the trust method portal-token, which needs no "
            "such list.",
            code="onboarding.subjects",
        )
    return sorted(set(role.subjects))


def _extras(permission_set: PermissionSet) -> tuple[str, ...]:
    """Return the actions that AWS wants allowed as well: the one that opens a session covers neither.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_operations
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    wanted = {
        "sts:TagSession": permission_set.session_tags or permission_set.claim_tags,
        "sts:SetSourceIdentity": permission_set.source_identity_claim,
    }
    return tuple(action for action, is_wanted in wanted.items() if is_wanted)


def _one_or_more(values: Sequence[str]) -> str | list[str]:
    """Return one value as itself, as AWS writes policies back, and several as a list."""
    return values[0] if len(values) == 1 else list(values)
