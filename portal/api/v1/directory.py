"""Accounts, permission sets and mappings, for those who administer or audit."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, Q
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from accounts.models import Account, AccountRole, Mapping, MappingTarget, PermissionSet
from portal.api.v1 import schemas
from portal.api.v1.auth import reader_of
from portal.api.v1.pagination import PageParams, page_of
from portal.api.v1.schemas import ErrorOut, FilterText, LongFilterText

router = Router(tags=["Directory"])
ERRORS = frozenset({401, 403, 422, 429, 503})


class AccountFilters(PageParams):
    """Which accounts."""

    q: FilterText | None = Field(None, description="What the name holds, or the id begins with.")
    environment: FilterText | None = Field(None, description="Of this environment alone.")
    organizational_unit: FilterText | None = Field(
        None, description="Of this unit and those below it, as a path."
    )
    permission_set: FilterText | None = Field(None, description="Those that offer this role.")
    active: bool | None = Field(None, description="Those that are active, or are not.")


@router.get(
    "/accounts",
    response={200: schemas.AccountsOut, ERRORS: ErrorOut},
    operation_id="accounts",
    summary="List the accounts",
)
def accounts(request: HttpRequest, asked: Query[AccountFilters]) -> dict[str, Any]:
    """List the accounts of the directory with their roles, by id."""
    reader_of(request, "directory")
    roles = AccountRole.objects.select_related("account", "permission_set").order_by(
        "permission_set__name"
    )
    query = (
        Account.objects.select_related("environment")
        .prefetch_related(Prefetch("roles", roles))
        .order_by("account_id")
    )
    if asked.q is not None:
        query = query.filter(Q(name__icontains=asked.q) | Q(account_id__startswith=asked.q))
    if asked.environment is not None:
        query = query.filter(environment__name=asked.environment)
    if (unit := asked.organizational_unit) is not None:
        query = query.filter(
            Q(organizational_unit=unit) | Q(organizational_unit__startswith=f"{unit}/")
        )
    if asked.permission_set is not None:
        query = query.filter(roles__permission_set__name=asked.permission_set)
    if asked.active is not None:
        query = query.filter(active=asked.active)
    if asked.after is not None:
        query = query.filter(account_id__gt=asked.after)
    found = list(query[: asked.limit + 1])
    return page_of(found, limit=asked.limit, key=lambda one: one.account_id, shape=_account)


def _account(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "partition": account.partition,
        "environment": account.environment and account.environment.name,
        "organizational_unit": account.organizational_unit,
        "region": account.region,
        "tags": account.tags if isinstance(account.tags, dict) else {},
        "trust_method": account.trust_method,
        "active": account.active,
        "roles": [
            {"permission_set": role.permission_set.name, "role_arn": role.arn}
            for role in account.roles.all()
        ],
    }


@router.get(
    "/permission-sets",
    response={200: schemas.PermissionSetsOut, ERRORS: ErrorOut},
    operation_id="permission_sets",
    summary="List the permission sets",
)
def permission_sets(request: HttpRequest, asked: Query[PageParams]) -> dict[str, Any]:
    """List the permission sets, by name."""
    reader_of(request, "directory")
    query = PermissionSet.objects.order_by("name")
    if asked.after is not None:
        query = query.filter(name__gt=asked.after)
    found = list(query[: asked.limit + 1])
    return page_of(found, limit=asked.limit, key=lambda one: one.name, shape=_permission_set)


def _permission_set(permission_set: PermissionSet) -> dict[str, Any]:
    return {name: getattr(permission_set, name) for name in schemas.PermissionSetOut.model_fields}


class MappingFilters(PageParams):
    """Which mappings."""

    claim: FilterText | None = Field(None, description="Those that look at this claim.")
    value: LongFilterText | None = Field(
        None, description="Those that look for this value, as written."
    )
    permission_set: FilterText | None = Field(None, description="Those that give this role.")
    issuer: FilterText | None = Field(
        None, description="Those for workloads of this trusted issuer."
    )
    enabled: bool | None = Field(None, description="Those that count, or do not.")


@router.get(
    "/mappings",
    response={200: schemas.MappingsOut, ERRORS: ErrorOut},
    operation_id="mappings",
    summary="List the mappings",
)
def mappings(request: HttpRequest, asked: Query[MappingFilters]) -> dict[str, Any]:
    """List the mappings with the accounts they reach, by name."""
    reader_of(request, "directory")
    targets = MappingTarget.objects.select_related("account", "environment")
    query = (
        Mapping.objects.select_related("permission_set", "issuer")
        .prefetch_related(Prefetch("targets", targets))
        .order_by("name")
    )
    wanted = {
        "claim": asked.claim,
        "value": asked.value,
        "permission_set__name": asked.permission_set,
        "issuer__name": asked.issuer,
        "enabled": asked.enabled,
        "name__gt": asked.after,
    }
    query = query.filter(**{name: value for name, value in wanted.items() if value is not None})
    found = list(query[: asked.limit + 1])
    return page_of(found, limit=asked.limit, key=lambda one: one.name, shape=_mapping)


def _mapping(mapping: Mapping) -> dict[str, Any]:
    return {
        "name": mapping.name,
        "issuer": mapping.issuer and mapping.issuer.name,
        "claim": mapping.claim,
        "match": mapping.match,
        "value": mapping.value,
        "permission_set": mapping.permission_set and mapping.permission_set.name,
        "console": mapping.console,
        "keys": mapping.keys,
        "enabled": mapping.enabled,
        "expires_at": mapping.expires_at,
        "targets": [
            {
                "kind": target.kind,
                "account_id": target.account and target.account.account_id,
                "environment": target.environment and target.environment.name,
                "organizational_unit": target.unit,
                "tag_key": target.tag_key,
                "tag_value": target.tag_value,
            }
            for target in mapping.targets.all()
        ],
    }
