"""Terraform: a module for each account's provider and one for its roles, and a configuration that calls them all."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.onboarding import hcl
from accounts.onboarding.cloudformation import AccountRoles
from accounts.onboarding.documents import Document, Options
from accounts.onboarding.principals import Provider
from accounts.onboarding.roles import DENY_OLDER_SESSIONS, NO_OLDER_SESSIONS, ROLE_POLICY, Role

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
    return "\n".join(
        [
            _NEEDS,
            'data "aws_caller_identity" "current" {}\n',
            'resource "aws_iam_openid_connect_provider" "gatehouse" {',
            f"  url            = {hcl.text(provider.url)}",
            f"  client_id_list = [{hcl.text(provider.audience)}]",
            "",
            *_only_in(account.account_id),
            "}\n",
        ]
    )


def _roles(account: AccountRoles) -> str:
    parts = [_NEEDS, 'data "aws_caller_identity" "current" {}\n']
    for role in account.roles:
        parts += [*_role(role), *_policies(role)]
    return "\n".join(parts)


def _role(role: Role) -> list[str]:
    lines = [
        f'resource "aws_iam_role" "{_label(role)}" {{',
        f"  name                 = {hcl.text(role.name)}",
        f"  path                 = {hcl.text(role.path)}",
        f"  max_session_duration = {role.max_session}",
        f"  assume_role_policy   = jsonencode({hcl.value(role.trust.policy(), 2)})",
    ]
    if role.description:
        lines.insert(3, f"  description          = {hcl.text(role.description)}")
    if role.boundary:
        lines.append(f"  permissions_boundary = {hcl.text(str(role.boundary))}")
    return [*lines, "", *_only_in(role.account_id), "}\n"]


def _policies(role: Role) -> list[str]:
    label = _label(role)
    lines = []
    if role.policy_arns:
        lines += [
            f'resource "aws_iam_role_policy_attachment" "{label}" {{',
            f"  for_each   = toset({hcl.value([str(arn) for arn in role.policy_arns], 2)})",
            f"  role       = aws_iam_role.{label}.name",
            "  policy_arn = each.value",
            "}\n",
        ]
    if role.policy:
        lines += [
            f'resource "aws_iam_role_policy" "{label}" {{',
            f"  name   = {hcl.text(ROLE_POLICY)}",
            f"  role   = aws_iam_role.{label}.name",
            f"  policy = jsonencode({hcl.value(role.policy, 2)})",
            "}\n",
        ]
    return [
        *lines,
        f'resource "aws_iam_role_policy" "{label}_deny_older_sessions" {{',
        f"  name   = {hcl.text(DENY_OLDER_SESSIONS)}",
        f"  role   = aws_iam_role.{label}.name",
        f"  policy = jsonencode({hcl.value(NO_OLDER_SESSIONS, 2)})",
        "",
        "  # It is filled when sessions are ended. Terraform must not empty it again.",
        "  lifecycle {",
        "    ignore_changes = [policy]",
        "  }",
        "}\n",
    ]


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
