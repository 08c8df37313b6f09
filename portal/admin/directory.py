"""Environments, accounts with their roles, and account roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import preflight, trust_results
from accounts.clashes import gives_nothing, same_arn
from accounts.models import Account, AccountRole, Environment
from accounts.models.directory import TrustMethod
from accounts.trust.hub import partitions_without_hub
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import (
    AccountIdField,
    AutocompletedInline,
    InlineRows,
    LinesField,
    TagsField,
)
from portal.admin.onboarding import Onboards
from portal.admin.role_tests import OutcomeFilter, TestsRoles, lead_on, test_and_tell
from portal.admin.tasks import TestedFilter


@admin.register(Environment)
class EnvironmentAdmin(AuditedAdmin):
    list_display = ("label", "name", "colour")
    search_fields = ("name", "label")


class RoleRows(InlineRows):
    """The permission sets offered in one account."""

    def clean(self) -> None:
        """Refuse two rows that would be the same IAM role, and one that could give nothing."""
        super().clean()
        roles = [
            form.instance
            for form in self.forms
            if getattr(form, "cleaned_data", None)
            and not form.cleaned_data.get("DELETE")
            and form.cleaned_data.get("permission_set")
        ]
        if fault := same_arn(roles) or gives_nothing(roles):
            raise ValidationError(fault)


class RoleInline(AutocompletedInline):
    model = AccountRole
    formset = RoleRows
    verbose_name = "role"
    fields = ("permission_set", "iam_role_name", "arn")
    readonly_fields = ("arn",)
    autocomplete_fields = ("permission_set",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account", "permission_set")

    @admin.display(description="ARN")
    def arn(self, role: AccountRole) -> str:
        return role.arn if role.pk else "shown after saving"


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    account_id = AccountIdField(
        label="Account id",
        help_text="12 digits. Hyphens and spaces are ignored.",
    )
    tags = TagsField(
        required=False,
        help_text="One key=value per line, such as team=payments. Mappings can choose accounts by tag.",
    )

    def clean_tags(self) -> Any:
        """Keep unchanged tags as they are stored: a key may hold an =, which a line cannot express."""
        return self.cleaned_data["tags"] if "tags" in self.changed_data else self.instance.tags


@admin.register(Account)
class AccountAdmin(Onboards, TestsRoles):
    form = AccountForm
    actions = ("make_trust",)
    actions_without_change = ("make_trust",)
    inlines = (RoleInline,)
    inline_relations = ("roles",)
    list_display = (
        "name",
        "account_id",
        "environment",
        "organizational_unit",
        "role_count",
        "active",
    )
    list_select_related = ("environment",)
    list_filter = ("environment", "partition", "trust_method", "active", TestedFilter)
    search_fields = ("name", "account_id", "organizational_unit")
    autocomplete_fields = ("environment",)
    # Annotating the count drops the model's ordering, and pages would overlap.
    ordering = ("name", "account_id")
    fieldsets = (
        (None, {"fields": ("account_id", "name", "active")}),
        ("Group", {"fields": ("environment", "organizational_unit", "tags")}),
        ("AWS", {"fields": ("partition", "region", "trust_method", "external_id")}),
        ("AWS Organizations", {"fields": ("organization", "state", "email")}),
    )
    readonly_fields = ("organization", "state", "email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        accounts: QuerySet[Account] = super().get_queryset(request)
        return accounts.annotate(number_of_roles=Count("roles"))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Warn when the portal can get no keys in the account's partition, or not for its permission sets."""
        super().save_related(request, form, formsets, change)
        if change and not trust_results.TRUST_COLUMNS.isdisjoint(form.changed_data):
            trust_results.forget([form.instance.account_id])
        _warn_of_hub(request, form.instance)
        _warn_of_sessions(request, form.instance)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Warn of the same when the account is looked at."""
        stored = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if stored is not None and self.has_view_permission(request, stored):
            _warn_of_hub(request, stored)
            _warn_of_sessions(request, stored)
        return super().change_view(request, object_id, form_url, extra_context)

    def roles_of(self, obj: Account) -> QuerySet[AccountRole]:
        return obj.roles.order_by("permission_set__name")

    def response_add(
        self, request: HttpRequest, obj: Account, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Lead on to the account's page, where its roles are tested."""
        response: HttpResponse = super().response_add(request, obj, post_url_continue)
        if "_popup" in request.POST or "_addanother" in request.POST:
            return response
        lead_on(request, obj)
        return redirect("admin:accounts_account_change", obj.pk)

    @admin.display(description="roles", ordering="number_of_roles")
    def role_count(self, account: Any) -> int:
        return int(account.number_of_roles)


def _warn_of_hub(request: HttpRequest, account: Account) -> None:
    if account.trust_method != TrustMethod.HUB:
        return
    for reason in partitions_without_hub([account.partition]).values():
        messages.warning(request, f"Nobody can use a role in {account.name}: {reason}.")


def _warn_of_sessions(request: HttpRequest, account: Account) -> None:
    for one in preflight.unusable(account=account):
        messages.warning(request, one)


class AccountRoleForm(forms.ModelForm):  # type: ignore[type-arg]
    subjects = LinesField(
        required=False,
        help_text="Only for the trust method user-token: the sub of each person whose ID token opens the "
        "role, one per line. * and ? stand for any characters and for one.",
    )

    def clean(self) -> Any:
        """Refuse the ARN of another role in the same account, and a role that could give nothing there."""
        cleaned: dict[str, Any] = super().clean() or {}
        account, permission_set = cleaned.get("account"), cleaned.get("permission_set")
        if account and account.managed_by:
            raise ValidationError(
                {
                    "account": f"The file {account.managed_by} manages this account. Change it there, or release it first."
                }
            )
        if account and permission_set:
            others = account.roles.exclude(pk=self.instance.pk)
            candidate = AccountRole(
                account=account,
                permission_set=permission_set,
                iam_role_name=cleaned.get("iam_role_name", ""),
            )
            if clash := same_arn([*others.select_related("account", "permission_set"), candidate]):
                raise ValidationError({"iam_role_name": clash})
            if fault := gives_nothing([candidate]):
                raise ValidationError({"permission_set": fault})
        return cleaned


@admin.register(AccountRole)
class AccountRoleAdmin(TestsRoles):
    form = AccountRoleForm
    list_display = ("permission_set", "account", "arn", "last_test")
    list_select_related = ("account", "permission_set", "trust_check")
    list_filter = (OutcomeFilter, "permission_set", "account__environment")
    actions = ("test_selected",)
    actions_without_change = ("test_selected",)
    search_fields = (
        "account__name",
        "account__account_id",
        "permission_set__name",
        "iam_role_name",
    )
    autocomplete_fields = ("account", "permission_set")

    @admin.display(description="ARN")
    def arn(self, role: AccountRole) -> str:
        return role.arn

    @admin.display(description="last test", ordering="trust_check__outcome")
    def last_test(self, role: AccountRole) -> str:
        check = getattr(role, "trust_check", None)
        return check.get_outcome_display().lower() if check else "not tested"

    @admin.action(description="Test the selected roles", permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[AccountRole]) -> None:
        test_and_tell(request, list(queryset.values_list("pk", flat=True)))

    def roles_of(self, obj: AccountRole) -> QuerySet[AccountRole]:
        return AccountRole.objects.filter(pk=obj.pk)
