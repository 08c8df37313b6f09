"""AWS CLI commands: a script for each account, which can be run again after a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from accounts.aws.revocation_policies import DENY_OLDER_SESSIONS
from accounts.onboarding.cloudformation import AccountRoles
from accounts.onboarding.documents import Document, Options
from accounts.onboarding.principals import Provider
from accounts.onboarding.roles import (
    NO_OLDER_SESSIONS,
    ROLE_POLICY,
    Role,
    compact,
)
from accounts.onboarding.shell import aws, quoted

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html (ContextProvider):
# claims of the portal's tokens that become keys of policies.
_CONTEXT_PROVIDER = {
    "SubjectSourceKey": "sub",
    "SubjectTypeValue": "gatehouse",
    "KeyDefinitionList": [
        {"SourceKey": "sign_in", "TargetKey": "sign_in"},
        {"SourceKey": "elevation", "TargetKey": "elevation"},
    ],
}


def documents(
    accounts: Sequence[AccountRoles], provider: Provider | None, options: Options
) -> list[Document]:
    """Return a script for each of these accounts, which have one partition and trust method."""
    return [
        Document(f"{account.account_id}.sh", _script(account, provider, options))
        for account in accounts
    ]


def _script(account: AccountRoles, provider: Provider | None, options: Options) -> str:
    lines = [
        "#!/bin/sh",
        f"# Makes the account {account.account_id} trust Gatehouse. It can be run again, and then changes what differs.",
        "set -eu",
        "export AWS_PAGER=",
        "",
        "account=$(aws sts get-caller-identity --query Account --output text)",
        f'if [ "$account" != {account.account_id} ]; then',
        f'  echo "These credentials are of the account $account, not of {account.account_id}. Nothing was changed." >&2',
        "  exit 1",
        "fi",
    ]
    if provider and not options.reuse_provider:
        lines += _provider(account, provider, options)
    for role in account.roles:
        lines += [*_role(role, account.partition), *_denial(role)]
    if account.revoker:
        lines += _role(account.revoker, account.partition)
    return "\n".join(lines) + "\n"


def _provider(account: AccountRoles, provider: Provider, options: Options) -> Iterator[str]:
    arn = provider.arn(partition=account.partition, account_id=account.account_id)
    request: dict[str, Any] = {"Url": provider.url, "ClientIDList": [provider.audience]}
    yield "\n# The OpenID Connect provider. Another one's audiences stay as they are."
    if options.context_provider:
        yield "# ContextProvider is new at AWS, and NOT PROVEN: no test of Gatehouse has run against it."
        yield "# It needs an AWS CLI that knows it, and counts for a provider that is created here."
        request["ContextProvider"] = _CONTEXT_PROVIDER
    yield "providers=$(aws iam list-open-id-connect-providers --query 'OpenIDConnectProviderList[].Arn' --output text)"
    yield f"if {_lists('providers', arn)}; then"
    there = {"OpenIDConnectProviderArn": arn}
    get = aws("iam get-open-id-connect-provider", there, "--query ClientIDList --output text")
    add = {**there, "ClientID": provider.audience}
    yield f"  audiences=$({get})"
    yield f"  if ! {_lists('audiences', provider.audience)}; then"
    yield f"    {aws('iam add-client-id-to-open-id-connect-provider', add)}"
    yield "  fi"
    yield "else"
    yield f"  {aws('iam create-open-id-connect-provider', request)}"
    yield "fi"


def _lists(variable: str, value: str) -> str:
    """Return a condition: whether a list of the AWS CLI has a value."""
    return f"printf '%s' \"${variable}\" | tr '\\t' '\\n' | grep -Fxq -e {quoted(value)}"


def _role(role: Role, partition: str) -> Iterator[str]:
    name = {"RoleName": role.name}
    arn = f"arn:{partition}:iam::{role.account_id}:role{role.path}{role.name}"
    trust = compact(role.trust.policy())
    more = {"Description": role.description, "MaxSessionDuration": role.max_session}
    boundary = {"PermissionsBoundary": str(role.boundary)} if role.boundary else {}
    create = {
        **name,
        "Path": role.path,
        "AssumeRolePolicyDocument": trust,
        **{key: value for key, value in more.items() if value},
        **boundary,
    }
    get = aws("iam get-role", name, "--query Role.Arn --output text")
    yield ""
    yield f"# {role.key}"
    yield f"arn=$({get} 2>/dev/null || true)"
    yield 'if [ -z "$arn" ]; then'
    yield f"  {aws('iam create-role', create)}"
    yield f'elif [ "$arn" != {quoted(arn)} ]; then'
    yield '  echo "There is already a role of this name with another path: $arn. Nothing more was changed." >&2'
    yield "  exit 1"
    yield "else"
    yield f"  {aws('iam update-assume-role-policy', {**name, 'PolicyDocument': trust})}"
    yield f"  {aws('iam update-role', {**name, **more})}"
    if boundary:
        yield f"  {aws('iam put-role-permissions-boundary', {**name, **boundary})}"
    yield "fi"
    for policy_arn in role.policy_arns:
        yield aws("iam attach-role-policy", {**name, "PolicyArn": str(policy_arn)})
    if role.policy:
        yield aws("iam put-role-policy", _inline(role, ROLE_POLICY, role.policy))


def _denial(role: Role) -> Iterator[str]:
    """Yield what places the policy that ends sessions, empty."""
    name = {"RoleName": role.name}
    # Only where it is absent: it may have been filled to end sessions.
    absent = aws(
        "iam list-role-policies",
        name,
        f"--query \"contains(PolicyNames, '{DENY_OLDER_SESSIONS}')\" --output text",
    )
    yield f"placed=$({absent})"
    yield 'if [ "$placed" = False ]; then'
    yield f"  {aws('iam put-role-policy', _inline(role, DENY_OLDER_SESSIONS, NO_OLDER_SESSIONS))}"
    yield "fi"


def _inline(role: Role, name: str, policy: dict[str, Any]) -> dict[str, str]:
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": compact(policy)}
