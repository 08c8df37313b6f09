"""Terraform: a module for each account's provider and one for its roles, and a configuration that calls them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.aws.revocation_policies import DENY_OLDER_SESSIONS
from accounts.onboarding import hcl
from accounts.onboarding.cloudformation import AccountRoles
from accounts.onboarding.documents import Document, Options
from accounts.onboarding.principals import Provider
from accounts.onboarding.roles import NO_OLDER_SESSIONS, ROLE_POLICY, Role

_NEEDS = """\
terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
"""
_CURRENT = 'data "aws_caller_identity" "current" {}\n'


def documents(
    accounts: Sequence[AccountRoles], provider: Provider | None, options: Options
) -> list[Document]:
    """Return the files for accounts of one partition and trust method.

    The folder of a module can be used by itself; `main.tf` and `providers.tf` put all of them together.
    """
    written = []
    calls = [_NEEDS]
    for account in accounts:
        modules = {"roles": _roles(account)}
        if provider and not options.reuse_provider:
            modules = {"provider": _provider(account, provider), **modules}
        for name, text in modules.items():
            folder = f"{account.account_id}/{name}"
            written.append(Document(f"{folder}/main.tf", text))
            calls.append(_call(f"{name}_{account.account_id}", folder, account.account_id))
    return [
        Document("main.tf", "\n".join(calls)),
        Document("providers.tf", "\n".join(map(_configuration, accounts))),
        *written,
    ]


def _call(name: str, folder: str, account_id: str) -> str:
    return (
        f"module {hcl.text(name)} {{\n"
        f"  source    = {hcl.text(f'./{folder}')}\n"
        f"  providers = {{ aws = aws.account_{account_id} }}\n"
        "}\n"
    )


def _configuration(account: AccountRoles) -> str:
    return (
        'provider "aws" {\n'
        f"  alias               = {hcl.text(f'account_{account.account_id}')}\n"
        f"  allowed_account_ids = [{hcl.text(account.account_id)}]\n"
        "  # Say here how Terraform gets into this account: profile, assume_role, ...\n"
        "}\n"
    )


def _provider(account: AccountRoles, provider: Provider) -> str:
    values = {
        "url": hcl.text(provider.url),
        "client_id_list": f"[{hcl.text(provider.audience)}]",
    }
    parts = _resource(
        "aws_iam_openid_connect_provider", "gatehouse", values, _only_in(account.account_id)
    )
    return "\n".join([_NEEDS, _CURRENT, *parts])


def _roles(account: AccountRoles) -> str:
    parts = [_NEEDS, _CURRENT]
    for role in account.roles:
        parts += [*_role(role), *_policies(role), *_denial(role)]
    if account.revoker:
        parts += [*_role(account.revoker), *_policies(account.revoker)]
    return "\n".join(parts)


def _role(role: Role) -> list[str]:
    values = {
        "name": hcl.text(role.name),
        "path": hcl.text(role.path),
        "description": hcl.text(role.description) if role.description else "",
        "max_session_duration": str(role.max_session),
        "permissions_boundary": hcl.text(str(role.boundary)) if role.boundary else "",
        "assume_role_policy": f"jsonencode({hcl.value(role.trust.policy(), 2)})",
    }
    given = {name: expression for name, expression in values.items() if expression}
    return _resource("aws_iam_role", _label(role), given, _only_in(role.account_id))


def _policies(role: Role) -> list[str]:
    label = _label(role)
    of_role = f"aws_iam_role.{label}.name"
    written = []
    if role.policy_arns:
        attached = {
            "for_each": f"toset({hcl.value([str(arn) for arn in role.policy_arns], 2)})",
            "role": of_role,
            "policy_arn": "each.value",
        }
        written += _resource("aws_iam_role_policy_attachment", label, attached)
    if role.policy:
        written += _resource(
            "aws_iam_role_policy", label, _inline(ROLE_POLICY, of_role, role.policy)
        )
    return written


def _denial(role: Role) -> list[str]:
    """Return the policy that is filled when sessions are ended. Terraform must not empty it again."""
    label = _label(role)
    return _resource(
        "aws_iam_role_policy",
        f"{label}_deny_older_sessions",
        _inline(DENY_OLDER_SESSIONS, f"aws_iam_role.{label}.name", NO_OLDER_SESSIONS),
        ["  lifecycle {", "    ignore_changes = [policy]", "  }"],
    )


def _inline(name: str, of_role: str, policy: dict[str, Any]) -> dict[str, str]:
    return {
        "name": hcl.text(name),
        "role": of_role,
        "policy": f"jsonencode({hcl.value(policy, 2)})",
    }


def _resource(kind: str, label: str, values: dict[str, str], more: Sequence[str] = ()) -> list[str]:
    lines = [f"  {line}" for line in hcl.attributes(values)]
    return [f'resource "{kind}" "{label}" {{', *lines, *(["", *more] if more else []), "}\n"]


def _only_in(account_id: str) -> list[str]:
    return [
        "  lifecycle {",
        "    precondition {",
        f"      condition     = data.aws_caller_identity.current.account_id == {hcl.text(account_id)}",
        f"      error_message = {hcl.text(f'This is for the account {account_id}.')}",
        "    }",
        "  }",
    ]


def _label(role: Role) -> str:
    return f"role_{role.key}"
