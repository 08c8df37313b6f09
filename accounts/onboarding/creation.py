"""Create the files that make accounts of the directory trust the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.errors import InvalidRequest
from accounts.models import Account, AccountRole
from accounts.models.directory import TrustMethod
from accounts.onboarding import aws_cli, cloudformation, external_ids, stack_sets, terraform
from accounts.onboarding.cloudformation import AccountRoles
from accounts.onboarding.documents import Document, Form, Options
from accounts.onboarding.principals import Provider
from accounts.onboarding.roles import revoker_of, roles_of
from accounts.types import Origin, Subject

Write = Callable[[Sequence[AccountRoles], Provider | None, Options], list[Document]]


def with_roles(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Return accounts with all that `create` reads of them, in three queries."""
    roles = AccountRole.objects.select_related("permission_set")
    return accounts.prefetch_related(Prefetch("roles", roles)).order_by("account_id")


def everywhere() -> QuerySet[Account]:
    """Return the accounts of the organization: those that are active and offer a role."""
    offers = AccountRole.objects.filter(account=OuterRef("pk"))
    return Account.objects.filter(Exists(offers), active=True)


def onboard(
    accounts: QuerySet[Account],
    options: Options,
    *,
    origin: Origin,
    now: datetime,
    subject: Subject | None = None,
    actor: str = "",
) -> list[Document]:
    """Return the files for accounts of the directory. Those of the hub get an external id first, for good.

    Raises:
        InvalidRequest: as `create`.
    """
    rows = list(with_roles(accounts))
    external_ids.give(rows, origin=origin, now=now, subject=subject, actor=actor)
    return create(rows, options)


def create(accounts: Iterable[Account], options: Options) -> list[Document]:
    """Return the files for accounts; where they differ in partition or trust method, a folder for each.

    Accounts of the hub must have their external ids: see `external_ids.give`.

    Raises:
        InvalidRequest: an account has no roles, or something is missing; the message is for portal admins.
    """
    groups: list[tuple[str, list[Document]]] = []
    ordered = sorted(accounts, key=lambda one: (one.partition, one.trust_method, one.account_id))
    if not ordered:
        raise InvalidRequest("There is no such account.", code="onboarding.no_accounts")
    for (partition, method), some in groupby(
        ordered, key=lambda one: (one.partition, one.trust_method)
    ):
        options.check(partition)
        groups.append((f"{partition}-{method}", _of_group(list(some), options)))
    if len(groups) == 1:
        return groups[0][1]
    return [
        replace(document, path=f"{folder}/{document.path}")
        for folder, documents in groups
        for document in documents
    ]


def _of_group(accounts: Sequence[Account], options: Options) -> list[Document]:
    """Return the files for accounts of one partition and trust method."""
    listed = [_account_roles(account) for account in accounts]
    provider = listed[0].roles[0].trust.provider
    if options.context_provider and accounts[0].trust_method != TrustMethod.PORTAL_TOKEN:
        raise InvalidRequest(
            "A context provider reads claims of the portal's own tokens: it needs the trust method portal-token.",
            code="onboarding.context_provider",
        )
    return _WRITERS[options.form](listed, provider, options)


def _account_roles(account: Account) -> AccountRoles:
    roles = roles_of(account)
    if not roles:
        raise InvalidRequest(
            f"The account {account.account_id} offers no roles yet. Add account roles first.",
            code="onboarding.no_roles",
        )
    return AccountRoles(
        account_id=account.account_id,
        partition=account.partition,
        external_id=str(roles[0].trust.external_id),
        roles=roles,
        revoker=revoker_of(account, roles),
    )


_WRITERS: dict[Form, Write] = {
    Form.CLOUDFORMATION: cloudformation.documents,
    Form.STACK_SET: stack_sets.documents,
    Form.TERRAFORM: terraform.documents,
    Form.AWS_CLI: aws_cli.documents,
}
