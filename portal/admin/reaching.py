"""Filters of mappings by what they reach: an account or an environment, however their targets name it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.matching import unit_and_parents
from accounts.models import Account, Environment, Mapping, MappingTarget
from accounts.models.mappings import TargetKind
from portal.admin.audit import TypedFilter


def reaching(mappings: QuerySet[Mapping], accounts: QuerySet[Account]) -> QuerySet[Mapping]:
    """Narrow to mappings with a target that reaches one of these accounts, templates and patterns included.

    Whether a value of somebody fits is for the page "Who can enter?": here nothing that could reach is left out.
    """
    units: set[str] = set()
    tags: set[tuple[str, str]] = set()
    keys = []
    for key, unit, tags_of_account in accounts.values_list("pk", "organizational_unit", "tags"):
        keys.append(key)
        units.update(unit_and_parents(unit))
        tags.update(tags_of_account.items())
    if not keys:
        return mappings.none()
    named = accounts.order_by()
    direct = MappingTarget.objects.filter(
        Q(kind=TargetKind.ALL)
        | Q(account__in=named.values("pk"))
        | Q(environment__in=named.values("environment"))
    )
    by_unit_or_tag = MappingTarget.objects.filter(
        kind__in=(TargetKind.UNIT, TargetKind.TAG)
    ).values_list("mapping", "unit", "tag_key", "tag_value")
    indirect = {
        mapping
        for mapping, unit, tag_key, tag_value in by_unit_or_tag
        if unit in units or (tag_key, tag_value) in tags
    }
    return mappings.filter(Q(pk__in=direct.values("mapping")) | Q(pk__in=indirect))


class ReachedAccountFilter(TypedFilter):
    """Filter by an account that mappings reach: its id, or part of its name."""

    title = "account reached"
    parameter_name = "reaches"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        if not (typed := (self.value() or "").strip()):
            return queryset
        number = typed.replace("-", "")
        accounts = Account.objects.filter(Q(account_id=number) | Q(name__icontains=typed))
        return reaching(queryset, accounts)


class ReachedEnvironmentFilter(admin.SimpleListFilter):
    """Filter by an environment of which mappings reach an account."""

    title = "environment reached"
    parameter_name = "environment"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return list(Environment.objects.order_by("label").values_list("name", "label"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        if (name := self.value()) is None:
            return queryset
        return reaching(queryset, Account.objects.filter(environment__name=name))
