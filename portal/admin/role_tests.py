"""Test this role: buttons on the pages of accounts and account roles, and how the last tests ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.errors import InvalidRequest
from accounts.models import Account, AccountRole
from accounts.models.trust_checks import CheckOutcome
from accounts.trust_checks import MOST, CheckedRole, check_roles
from accounts.types import Surface
from portal.admin.audited import AuditedAdmin
from portal.context import origin_of, subject_of_request
from portal.limiting import count_form


class TestsRoles(AuditedAdmin):
    """A page with a table of roles, how the last test of each ended, and a button to test them."""

    def roles_of(self, obj: Any) -> QuerySet[AccountRole]:
        """Return the roles that the page of a row is about."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        test = path(
            "<path:object_id>/test/",
            self.admin_site.admin_view(self.test_view),
            name=f"accounts_{self.opts.model_name}_test",
        )
        return [test, *super().get_urls()]

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Test the roles of a row, or the one that the form names, and go back to the row's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        stored = self.get_object(request, unquote(object_id))
        if stored is None:
            raise Http404
        if not self.has_change_permission(request):
            raise PermissionDenied
        roles = self.roles_of(stored)
        if (one := request.POST.get("role", "")).isdecimal():
            roles = roles.filter(pk=int(one[:9]))
        test_and_tell(request, list(roles.values_list("pk", flat=True)))
        page = reverse(
            f"{self.admin_site.name}:accounts_{self.opts.model_name}_change", args=(stored.pk,)
        )
        return HttpResponseRedirect(f"{page}#tests")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how the last tests ended below the form."""
        stored = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if stored is not None and self.has_view_permission(request, stored):
            roles = self.roles_of(stored).select_related("permission_set", "account", "trust_check")
            extra_context = {
                **(extra_context or {}),
                "tests": [(role, getattr(role, "trust_check", None)) for role in roles],
                "may_test": self.has_change_permission(request),
            }
        return super().change_view(request, object_id, form_url, extra_context)


class OutcomeFilter(admin.SimpleListFilter):
    title = "last test"
    parameter_name = "test"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            *((each.value, each.label.lower()) for each in CheckOutcome),
            ("none", "not tested"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AccountRole]
    ) -> QuerySet[AccountRole]:
        match self.value():
            case None:
                return queryset
            case "none":
                return queryset.filter(trust_check=None)
            case outcome:
                return queryset.filter(trust_check__outcome=outcome)


def test_and_tell(request: HttpRequest, role_ids: Sequence[int]) -> None:
    """Test roles for the admin who is signed in, and say how it went."""
    if not role_ids:
        messages.warning(request, "There is no role to test.")
        return
    subject = subject_of_request(request)
    count_form(subject, times=min(len(role_ids), MOST) - 1)
    try:
        tested = check_roles(role_ids, subject=subject, origin=origin_of(request, Surface.ADMIN))
    except InvalidRequest as error:
        messages.error(request, error.user_message)
        return
    for one in tested:
        if one.works and not one.finding.warnings:
            continue
        _tell(request, one)
    working = sum(one.works for one in tested)
    if working:
        noun = "1 role works" if working == 1 else f"{working} roles work"
        messages.success(request, f"Tested: {noun}.")


def _tell(request: HttpRequest, tested: CheckedRole) -> None:
    role, finding = tested.role, tested.finding
    name = f"{role.role_name} in {role.account_name} ({role.account_id})"
    if tested.works:
        messages.warning(request, f"{name} works, but: {' '.join(finding.warnings)}")
    elif tested.is_broken:
        messages.error(request, f"{name} is broken: {finding.message}")
    else:
        messages.warning(request, f"{name} could not be tested: {finding.message}")


def lead_on(request: HttpRequest, account: Account) -> None:
    """Say what comes after a new account: its roles in AWS, then their test."""
    if not account.roles.exists():
        messages.info(request, "Next: offer roles in this account, below.")
        return
    page = reverse("admin:accounts_account_onboarding")
    messages.info(
        request,
        format_html(
            'Next: <a href="{}?account={}">make it trust the portal</a> with a template, then test its roles: '
            "“Test” at the end of this page. Until then AWS may refuse people.",
            page,
            account.account_id,
        ),
    )
