"""Accounts, permission sets and mappings, for portal admins and auditors."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, Q
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from accounts.models import Account, AccountRole, Mapping, MappingTarget, PermissionSet, TrustCheck
from portal.api.v1 import directory_schemas
from portal.api.v1.auth import reader_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.pagination import PageParams, page_of
from portal.api.v1.schemas import FilterText, LongFilterText

router = Router(tags=["Directory"])
ERRORS = frozenset({401, 403, 422, 429, 503})


class AccountFilters(PageParams):
    """Filters of the accounts."""

    q: FilterText | None = Field(None, description="Part of the name, or the beginning of the id.")
    environment: FilterText | None = Field(None, description="Only this environment.")
    organizational_unit: FilterText | None = Field(
        None, description="Only this unit and those below it, as a path."
    )
    permission_set: FilterText | None = Field(
        None, description="Only accounts that offer this role."
    )
    active: bool | None = Field(None, description="Only active accounts, or only inactive ones.")


@router.get(
    "/accounts",
    response={200: directory_schemas.AccountsOut, ERRORS: ErrorOut},
    operation_id="accounts",
    summary="List the accounts",
)
def accounts(request: HttpRequest, filters: Query[AccountFilters]) -> dict[str, Any]:
    """List the accounts of the directory with their roles, by id."""
    reader_of(request, "directory")
    roles = AccountRole.objects.select_related("account", "permission_set", "trust_check").order_by(
        "permission_set__name"
    )
    query = (
        Account.objects.select_related("environment")
        .prefetch_related(Prefetch("roles", roles))
        .order_by("account_id")
    )
    if filters.q is not None:
        query = query.filter(Q(name__icontains=filters.q) | Q(account_id__startswith=filters.q))
    if filters.environment is not None:
        query = query.filter(environment__name=filters.environment)
    if (unit := filters.organizational_unit) is not None:
        query = query.filter(
            Q(organizational_unit=unit) | Q(organizational_unit__startswith=f"{unit}/")
        )
    if filters.permission_set is not None:
        query = query.filter(roles__permission_set__name=filters.permission_set)
    if filters.active is not None:
        query = query.filter(active=filters.active)
    if filters.after is not None:
        query = query.filter(account_id__gt=filters.after)
    found = list(query[: filters.limit + 1])
    return page_of(found, limit=filters.limit, key=lambda one: one.account_id, serialize=_account)


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
            {
                "permission_set": role.permission_set.name,
                "role_arn": role.arn,
                "last_test": _last_test(role),
            }
            for role in account.roles.all()
        ],
    }


def _last_test(role: AccountRole) -> dict[str, Any] | None:
    check: TrustCheck | None = getattr(role, "trust_check", None)
    if check is None:
        return None
    return {name: getattr(check, name) for name in directory_schemas.LastTestOut.model_fields}


@router.get(
    "/permission-sets",
    response={200: directory_schemas.PermissionSetsOut, ERRORS: ErrorOut},
    operation_id="permission_sets",
    summary="List the permission sets",
)
def permission_sets(request: HttpRequest, filters: Query[PageParams]) -> dict[str, Any]:
    """List the permission sets, by name."""
    reader_of(request, "directory")
    query = PermissionSet.objects.order_by("name")
    if filters.after is not None:
        query = query.filter(name__gt=filters.after)
    found = list(query[: filters.limit + 1])
    return page_of(found, limit=filters.limit, key=lambda one: one.name, serialize=_permission_set)


def _permission_set(permission_set: PermissionSet) -> dict[str, Any]:
    return {
        name: getattr(permission_set, name)
        for name in directory_schemas.PermissionSetOut.model_fields
    }


class MappingFilters(PageParams):
    """Filters of the mappings."""

    claim: FilterText | None = Field(None, description="Only mappings of this claim.")
    value: LongFilterText | None = Field(
        None, description="Only mappings with this value, as written."
    )
    permission_set: FilterText | None = Field(
        None, description="Only mappings that give this role."
    )
    issuer: FilterText | None = Field(
        None, description="Only mappings for workloads of this trusted issuer."
    )
    enabled: bool | None = Field(None, description="Only enabled mappings, or only disabled ones.")


@router.get(
    "/mappings",
    response={200: directory_schemas.MappingsOut, ERRORS: ErrorOut},
    operation_id="mappings",
    summary="List the mappings",
)
def mappings(request: HttpRequest, filters: Query[MappingFilters]) -> dict[str, Any]:
    """List the mappings with the accounts they reach, by name."""
    reader_of(request, "directory")
    targets = MappingTarget.objects.select_related("account", "environment")
    query = (
        Mapping.objects.select_related("permission_set", "issuer")
        .prefetch_related(Prefetch("targets", targets))
        .order_by("name")
    )
    exact = {
        "claim": filters.claim,
        "value": filters.value,
        "permission_set__name": filters.permission_set,
        "issuer__name": filters.issuer,
        "enabled": filters.enabled,
        "name__gt": filters.after,
    }
    query = query.filter(**{name: value for name, value in exact.items() if value is not None})
    found = list(query[: filters.limit + 1])
    return page_of(found, limit=filters.limit, key=lambda one: one.name, serialize=_mapping)


def _mapping(mapping: Mapping) -> dict[str, Any]:
    return {
        "name": mapping.name,
        "issuer": mapping.issuer and mapping.issuer.name,
        "claim": mapping.claim,
        "split": mapping.split,
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
