"""CloudFormation templates, as JSON: one for the provider of an issuer, one for the roles of accounts.

What differs between accounts stands in a mapping by account id. CloudFormation refuses a stack in an account
that the mapping does not have, so no template makes a role where it was not meant to be.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-findinmap.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from accounts.aws import partitions
from accounts.aws.revocation_policies import DENY_OLDER_SESSIONS
from accounts.errors import InvalidRequest
from accounts.onboarding.documents import Document, Options
from accounts.onboarding.principals import Provider
from accounts.onboarding.roles import (
    NO_OLDER_SESSIONS,
    ROLE_POLICY,
    PolicyArn,
    Role,
    revoker_policy,
    texts_of,
)

CAPABILITY = "CAPABILITY_NAMED_IAM"
_ACCOUNTS = "Accounts"
_ABSENT = "-"
# CloudFormation fetches what such a text names, wherever it stands:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_DYNAMIC_REFERENCE = "{{resolve:"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountRoles:
    """The roles of one account of a partition; `external_id` is "" where roles demand none.

    `revoker` is the role that ends sessions, None where the portal has no way in.
    """

    account_id: str
    partition: str
    external_id: str
    roles: Sequence[Role]
    revoker: Role | None = None


def documents(
    accounts: Sequence[AccountRoles], provider: Provider | None, options: Options
) -> list[Document]:
    """Return two templates for each account, and how to deploy them: a stack each, by its own credentials."""
    written = []
    for account in accounts:
        templates = {"gatehouse-roles": roles_template([account])}
        if provider and not options.reuse_provider:
            templates = {"gatehouse-provider": provider_template(provider), **templates}
        region = options.region or partitions.find(account.partition).default_region
        commands = [
            f"aws cloudformation deploy --region {region} --stack-name {name} --template-file {name}.json "
            f"--capabilities {CAPABILITY}"
            for name in templates
        ]
        script = "\n".join(["#!/bin/sh", "set -eu", 'cd "$(dirname "$0")"', *commands]) + "\n"
        written += [
            *(
                Document(f"{account.account_id}/{name}.json", template)
                for name, template in templates.items()
            ),
            Document(f"{account.account_id}/deploy.sh", script),
        ]
    return written


def provider_template(provider: Provider) -> str:
    """Return the template of an issuer's provider. Deleting its stack keeps the provider: others may use it."""
    resource = {
        "Type": "AWS::IAM::OIDCProvider",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"Url": provider.url, "ClientIdList": [provider.audience]},
    }
    return _written(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "Gatehouse: the OpenID Connect provider that roles trust.",
            "Resources": {"Provider": resource},
            "Outputs": {"ProviderArn": {"Value": {"Fn::GetAtt": ["Provider", "Arn"]}}},
        }
    )


def roles_template(accounts: Sequence[AccountRoles]) -> str:
    """Return the template of the roles of accounts, which have one partition and trust method.

    Raises:
        InvalidRequest: a value would be read by CloudFormation as more than a text.
    """
    first_of_key: dict[str, Role] = {}
    for account in accounts:
        for role in account.roles:
            first_of_key.setdefault(role.key, role)
    everywhere = {key for key in first_of_key if all(_has(account, key) for account in accounts)}
    patterns = {role.key for account in accounts for role in account.roles if role.trust.patterns}
    resources: Json = {}
    outputs: Json = {}
    for key, role in first_of_key.items():
        trust = replace(role.trust, patterns=key in patterns)
        condition = {} if key in everywhere else {"Condition": f"Has{key}"}
        resources[f"Role{key}"] = {**condition, **_role(replace(role, trust=trust))}
        resources[f"Deny{key}"] = {
            **condition,
            **_inline(role.key, DENY_OLDER_SESSIONS, NO_OLDER_SESSIONS),
        }
        outputs[f"Arn{key}"] = {**condition, "Value": {"Fn::GetAtt": [f"Role{key}", "Arn"]}}
    if (revoker := accounts[0].revoker) and all(account.revoker for account in accounts):
        resources["Revoker"] = _revoker(revoker, list(first_of_key), everywhere)
        outputs["ArnRevoker"] = {"Value": {"Fn::GetAtt": ["Revoker", "Arn"]}}
    conditions = {
        f"Has{key}": {"Fn::Not": [{"Fn::Equals": [_of_account(f"{key}Name"), _ABSENT]}]}
        for key in first_of_key
        if key not in everywhere
    }
    return _written(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "Gatehouse: the roles that people enter through the portal.",
            "Mappings": {
                _ACCOUNTS: {
                    account.account_id: _values(account, first_of_key) for account in accounts
                }
            },
            **({"Conditions": conditions} if conditions else {}),
            "Resources": resources,
            "Outputs": outputs,
        }
    )


def _has(account: AccountRoles, key: str) -> bool:
    return any(role.key == key for role in account.roles)


def _values(account: AccountRoles, keys: Mapping[str, Role]) -> Json:
    """Return what the mapping says of one account; a role that it does not have is absent."""
    roles = {role.key: role for role in account.roles}
    values: Json = {}
    if account.external_id:
        values["ExternalId"] = account.external_id
    if account.revoker and account.revoker.trust.external_id:
        values["RevokerExternalId"] = account.revoker.trust.external_id
    for key, example in keys.items():
        role = roles.get(key)
        values[f"{key}Name"] = role.name if role else _ABSENT
        if example.trust.provider:
            subjects = role.trust.subjects if role else _ABSENT
            values[f"{key}Subjects"] = [subjects] if isinstance(subjects, str) else subjects
    return values


def _revoker(role: Role, keys: Sequence[str], everywhere: Set[str]) -> Json:
    """Return the role that ends sessions. It may reach the roles of this stack and no others."""
    trust = role.trust
    if trust.external_id:
        trust = replace(trust, external_id=_of_account("RevokerExternalId"))
    if trust.provider:
        arn = str(trust.principal).replace(f":{role.account_id}:", ":${AWS::AccountId}:", 1)
        # Of the hub in another partition it is the same everywhere; of the portal's tokens it names the account.
        subject = str(trust.subjects).replace(
            f"account:{role.account_id}:", "account:${AWS::AccountId}:", 1
        )
        subjects = {"Fn::Sub": subject} if "${AWS::" in subject else subject
        trust = replace(trust, principal={"Fn::Sub": arn}, subjects=subjects)
    arns: list[Any] = []
    for key in keys:
        found: Any = {"Fn::GetAtt": [f"Role{key}", "Arn"]}
        arns.append(
            found
            if key in everywhere
            else {"Fn::If": [f"Has{key}", found, {"Ref": "AWS::NoValue"}]}
        )
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": role.name,
            "Path": role.path,
            "MaxSessionDuration": role.max_session,
            "Description": role.description,
            "AssumeRolePolicyDocument": trust.policy(),
            "Policies": [{"PolicyName": ROLE_POLICY, "PolicyDocument": revoker_policy(arns)}],
        },
    }


def _role(role: Role) -> Json:
    properties: Json = {
        "RoleName": _of_account(f"{role.key}Name"),
        "Path": role.path,
        "MaxSessionDuration": role.max_session,
        "AssumeRolePolicyDocument": _trust(role).policy(),
    }
    if role.description:
        properties["Description"] = role.description
    if role.policy_arns:
        properties["ManagedPolicyArns"] = [_arn(arn) for arn in role.policy_arns]
    if role.boundary:
        properties["PermissionsBoundary"] = _arn(role.boundary)
    if role.policy:
        _refuse_functions(role.policy)
        properties["Policies"] = [{"PolicyName": ROLE_POLICY, "PolicyDocument": role.policy}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _trust(role: Role) -> Any:
    """Return whom a role trusts, with what differs between accounts taken from the mapping."""
    trust = role.trust
    if trust.external_id:
        trust = replace(trust, external_id=_of_account("ExternalId"))
    if trust.provider:
        # Condition keys cannot be functions: the provider's name is a text there, and here as well.
        arn = str(trust.principal).replace(f":{role.account_id}:", ":${AWS::AccountId}:", 1)
        trust = replace(
            trust, principal={"Fn::Sub": arn}, subjects=_of_account(f"{role.key}Subjects")
        )
    return trust


def _inline(key: str, name: str, policy: Json) -> Json:
    """Return an inline policy of a role as a resource of its own: updates of the role leave it alone."""
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": name,
            "PolicyDocument": policy,
            "Roles": [{"Ref": f"Role{key}"}],
        },
    }


def _arn(arn: PolicyArn) -> Any:
    if arn.account_id == "aws":
        return str(arn)
    return {"Fn::Sub": str(replace(arn, account_id="${AWS::AccountId}"))}


def _of_account(name: str) -> Json:
    return {"Fn::FindInMap": [_ACCOUNTS, {"Ref": "AWS::AccountId"}, name]}


def _refuse_functions(policy: Json) -> None:
    for key in _keys(policy):
        if key == "Ref" or key.startswith("Fn::"):
            raise InvalidRequest(
                f"An inline policy has the key {key!a:.40}, which CloudFormation would not leave as it is.",
                code="onboarding.template_function",
            )


def _keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*map(str, value), *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


def _written(template: Json) -> str:
    for text in texts_of(template):
        if _DYNAMIC_REFERENCE in text:
            raise InvalidRequest(
                f"A value holds {_DYNAMIC_REFERENCE}, which CloudFormation would replace by a secret or a "
                "parameter of the account. Remove it from the permission set.",
                code="onboarding.dynamic_reference",
            )
    return json.dumps(template, indent=2) + "\n"
