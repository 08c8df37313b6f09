"""StackSets: the same templates for the accounts of an organization, with what AWS wants to be known.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-enable-trusted-access.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accounts.aws import partitions
from accounts.errors import InvalidRequest
from accounts.onboarding.cloudformation import (
    CAPABILITY,
    AccountRoles,
    provider_template,
    roles_template,
)
from accounts.onboarding.documents import Document, Options
from accounts.onboarding.principals import Provider
from accounts.onboarding.shell import aws

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html (TemplateBody): bytes.
LONGEST_TEMPLATE = 51_200
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (mapping attributes).
MOST_ACCOUNTS = 200
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html
MOST_UNITS = 50
# Trusted access of StackSets to Organizations does not exist there.
_WITHOUT_STACK_SETS = "aws-cn"

CAVEATS = """\
# Read this first.
# - IAM is global: each StackSet goes to exactly one region. A second one fails, as the roles are there already.
# - One call takes at most 50 organizational units; the commands below are cut accordingly.
# - Outside the management account, as a delegated administrator, each command needs --call-as DELEGATED_ADMIN.
# - A StackSet never reaches the management account. Give it a plain stack of the same template (at the end).
# - Accounts that leave the organization keep their roles (RetainStacksOnAccountRemoval): delete those by hand.
# - An account that the template does not name gets no role: its stack fails. Accounts of another trust method
#   need files of their own.
"""


def documents(
    accounts: Sequence[AccountRoles], provider: Provider | None, options: Options
) -> list[Document]:
    """Return the templates and the commands for accounts of one partition and trust method.

    Raises:
        InvalidRequest: there are no StackSets in this partition, or a part is missing.
    """
    partition = accounts[0].partition
    if partition == _WITHOUT_STACK_SETS:
        raise InvalidRequest(
            "AWS China has no StackSets for organizations. Use CloudFormation, Terraform or the AWS CLI.",
            code="onboarding.stack_set_partition",
        )
    if not options.organizational_units:
        raise InvalidRequest(
            "Name the organizational units to deploy to, or the root of the organization: r-abcd. AWS Organizations "
            "shows the ids.",
            code="onboarding.organizational_unit",
        )
    region = options.region or partitions.find(partition).default_region
    parts = [
        ("gatehouse-roles" if number == 1 else f"gatehouse-roles-{number}", some, template)
        for number, (some, template) in enumerate(_templates(accounts), start=1)
    ]
    if provider and not options.reuse_provider:
        parts.insert(0, ("gatehouse-provider", accounts, provider_template(provider)))
    commands = ["#!/bin/sh", CAVEATS + "set -eu", 'cd "$(dirname "$0")"']
    plain = []
    for name, some, _ in parts:
        ids = [account.account_id for account in some]
        commands += _stack_set(
            name, [one for one in ids if one != options.management_account], options, region
        )
        if options.management_account in ids:
            plain.append(_plain_stack(name, region))
    if plain:
        commands += [
            "",
            f"# In the management account, {options.management_account}, with its own credentials:",
            *plain,
        ]
    written = [Document(f"{name}.json", template) for name, _, template in parts]
    return [*written, Document("deploy.sh", "\n".join(commands) + "\n")]


def _templates(
    accounts: Sequence[AccountRoles],
) -> Iterator[tuple[Sequence[AccountRoles], str]]:
    """Yield templates that AWS takes, each with its accounts: halves, until all are small enough."""
    template = roles_template(accounts)
    if len(accounts) <= MOST_ACCOUNTS and len(template.encode()) <= LONGEST_TEMPLATE:
        yield accounts, template
        return
    if len(accounts) == 1:
        raise InvalidRequest(
            f"The template of {accounts[0].account_id} would have more than {LONGEST_TEMPLATE} bytes, which is what a "
            "StackSet takes. Offer fewer roles there, or shorten their policies.",
            code="onboarding.template_too_long",
        )
    middle = len(accounts) // 2
    yield from _templates(accounts[:middle])
    yield from _templates(accounts[middle:])


def _stack_set(
    name: str, account_ids: Sequence[str], options: Options, region: str
) -> Iterator[str]:
    if not account_ids:
        return
    call_as = ["--call-as DELEGATED_ADMIN"] if options.delegated_admin else []
    yield ""
    yield aws(
        "cloudformation create-stack-set",
        {
            "StackSetName": name,
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": {"Enabled": False},
            "ManagedExecution": {"Active": True},
            "Capabilities": [CAPABILITY],
        },
        f"--region {region} --template-body file://{name}.json",
        *call_as,
    )
    units = options.organizational_units
    for start in range(0, len(units), MOST_UNITS):
        yield aws(
            "cloudformation create-stack-instances",
            {
                "StackSetName": name,
                "DeploymentTargets": {
                    "OrganizationalUnitIds": list(units[start : start + MOST_UNITS]),
                    "Accounts": account_ids,
                    "AccountFilterType": "INTERSECTION",
                },
                "Regions": [region],
                "OperationPreferences": {
                    "FailureTolerancePercentage": 100,
                    "MaxConcurrentPercentage": 100,
                },
            },
            f"--region {region}",
            *call_as,
        )


def _plain_stack(name: str, region: str) -> str:
    return (
        f"# aws cloudformation deploy --region {region} --stack-name {name} --template-file {name}.json "
        f"--capabilities {CAPABILITY}"
    )
