"""The directory's pages: environments, accounts with their roles, permission sets, account roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts.aws import destinations
from accounts.clashes import same_arn
from accounts.models import Account, AccountRole, Environment, PermissionSet
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import (
    AccountIdField,
    AutocompletedInline,
    KnownRows,
    LinesField,
    TagsField,
)


@admin.register(Environment)
class EnvironmentAdmin(AuditedAdmin):
    """What accounts are for, with the colour that marks it."""

    list_display = ("label", "name", "colour")
    search_fields = ("name", "label")


class RolesFormSet(KnownRows):
    """The permission sets offered in one account."""

    def clean(self) -> None:
        """Refuse two rows that would be the same IAM role."""
        super().clean()
        rows = [
            form.instance
            for form in self.forms
            if getattr(form, "cleaned_data", None)
            and not form.cleaned_data.get("DELETE")
            and form.cleaned_data.get("permission_set")
        ]
        if clash := same_arn(rows):
            raise ValidationError(clash)


class RoleInline(AutocompletedInline):
    """The account's roles, on its page."""

    model = AccountRole
    formset = RolesFormSet
    verbose_name = "role"
    fields = ("permission_set", "iam_role_name", "arn")
    readonly_fields = ("arn",)
    autocomplete_fields = ("permission_set",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load what each row shows at once."""
        return super().get_queryset(request).select_related("account", "permission_set")

    @admin.display(description="ARN")
    def arn(self, role: AccountRole) -> str:
        """The IAM role's ARN, once the row is saved."""
        return role.arn if role.pk else "as soon as it is saved"


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """An account, with its tags as lines."""

    account_id = AccountIdField(
        label="Account id",
        help_text="12 digits; hyphens and spaces, as AWS writes it, are fine.",
    )
    tags = TagsField(
        required=False,
        help_text="One key=value a line, such as team=payments. Mappings can aim at them.",
    )

    def clean_tags(self) -> Any:
        """Keep untouched tags as they are stored: a key may hold an =, which lines cannot say."""
        return self.cleaned_data["tags"] if "tags" in self.changed_data else self.instance.tags


@admin.register(Account)
class AccountAdmin(AuditedAdmin):
    """AWS accounts and what is offered in each."""

    form = AccountForm
    inlines = (RoleInline,)
    parts = ("roles",)
    list_display = (
        "name",
        "account_id",
        "environment",
        "organizational_unit",
        "offered",
        "active",
    )
    list_select_related = ("environment",)
    list_filter = ("environment", "partition", "active")
    search_fields = ("name", "account_id", "organizational_unit")
    autocomplete_fields = ("environment",)
    # Counting would drop the table's own order, and pages would overlap.
    ordering = ("name", "account_id")
    fieldsets = (
        (None, {"fields": ("account_id", "name", "active")}),
        ("Where it belongs", {"fields": ("environment", "organizational_unit", "tags")}),
        ("AWS", {"fields": ("partition", "region", "trust_method", "external_id")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """Count the roles in the same query."""
        accounts: QuerySet[Account] = super().get_queryset(request)
        return accounts.annotate(role_count=Count("roles"))

    @admin.display(description="roles", ordering="role_count")
    def offered(self, account: Any) -> int:
        """How many roles are offered in it."""
        return int(account.role_count)


class PermissionSetForm(forms.ModelForm):  # type: ignore[type-arg]
    """A permission set, with what only the other tables and AWS's consoles can tell."""

    session_tags = LinesField(
        required=False,
        help_text="Keys of the session tags that programs may give with this role, such as ticket, one "
        "a line. They choose the values: name none that a policy in AWS goes by. The role's trust "
        "policy must allow sts:TagSession.",
    )

    def clean_destination(self) -> str:
        """Refuse what is not a page of an AWS console in any partition."""
        destination = str(self.cleaned_data["destination"])
        if destination and (wrong := destinations.complaint(destination)):
            raise ValidationError(wrong)
        return destination

    def clean(self) -> Any:
        """Refuse a name or path that would make two roles of an account one."""
        cleaned = super().clean()
        if self.instance.pk and {"name", "iam_path"} & set(self.changed_data):
            self._refuse_a_clash()
        return cleaned

    def _refuse_a_clash(self) -> None:
        name = self.cleaned_data.get("name", "")
        path = self.cleaned_data.get("iam_path", "")
        everywhere = AccountRole.objects.select_related("account", "permission_set")
        by_account: dict[int, list[AccountRole]] = {}
        for role in everywhere.filter(account__roles__permission_set=self.instance):
            if role.permission_set == self.instance:
                role.permission_set.name, role.permission_set.iam_path = name, path
            by_account.setdefault(role.account_id, []).append(role)
        for roles in by_account.values():
            if clash := same_arn(roles):
                raise ValidationError({"name": clash})


@admin.register(PermissionSet)
class PermissionSetAdmin(AuditedAdmin):
    """Roles as they are offered."""

    form = PermissionSetForm
    list_display = ("name", "description", "longest", "gives", "privileged", "offered")
    # Counting would drop the table's own order, and pages would overlap.
    ordering = ("name",)
    list_filter = ("privileged", "console", "keys")
    search_fields = ("name", "description")
    fieldsets = (
        (None, {"fields": ("name", "iam_path", "description")}),
        ("A session", {"fields": ("session_duration", "destination", "session_tags")}),
        ("What it offers", {"fields": ("console", "keys", "privileged")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PermissionSet]:
        """Count the accounts in the same query."""
        sets: QuerySet[PermissionSet] = super().get_queryset(request)
        return sets.annotate(account_count=Count("account_roles"))

    def save_model(
        self,
        request: HttpRequest,
        obj: PermissionSet,
        form: forms.ModelForm[PermissionSet],
        change: bool,
    ) -> None:
        """Save, and say so where AWS must follow."""
        super().save_model(request, obj, form, change)
        named = obj.account_roles.all()
        if "iam_path" not in form.changed_data:
            named = named.filter(iam_role_name="")
        if change and {"name", "iam_path"} & set(form.changed_data) and (count := named.count()):
            messages.warning(
                request,
                f"From now on {count} role{'s' if count > 1 else ''} in AWS must be called so: see the "
                "account roles. Until they are, AWS refuses whoever enters.",
            )

    @admin.display(description="offers")
    def gives(self, permission_set: PermissionSet) -> str:
        """Console, keys, or both."""
        given = {"console": permission_set.console, "keys": permission_set.keys}
        return " and ".join(name for name, is_given in given.items() if is_given)

    @admin.display(description="accounts", ordering="account_count")
    def offered(self, permission_set: Any) -> int:
        """In how many accounts it is."""
        return int(permission_set.account_count)

    @admin.display(description="longest session", ordering="session_duration")
    def longest(self, permission_set: PermissionSet) -> str:
        """The longest session as people say it."""
        hours, seconds = divmod(permission_set.session_duration, 3600)
        parts = (f"{hours} h" if hours else "", f"{seconds / 60:g} min" if seconds else "")
        return " ".join(part for part in parts if part)


class AccountRoleForm(forms.ModelForm):  # type: ignore[type-arg]
    """An account role, on its own page."""

    def clean(self) -> Any:
        """Refuse the ARN of another role in the same account."""
        cleaned: dict[str, Any] = super().clean() or {}
        account, offered = cleaned.get("account"), cleaned.get("permission_set")
        if account and offered:
            others = account.roles.exclude(pk=self.instance.pk)
            candidate = AccountRole(
                account=account,
                permission_set=offered,
                iam_role_name=cleaned.get("iam_role_name", ""),
            )
            if clash := same_arn([*others.select_related("account", "permission_set"), candidate]):
                raise ValidationError({"iam_role_name": clash})
        return cleaned


@admin.register(AccountRole)
class AccountRoleAdmin(AuditedAdmin):
    """Which permission set is in which account."""

    form = AccountRoleForm
    list_display = ("permission_set", "account", "arn")
    list_select_related = ("account", "permission_set")
    list_filter = ("permission_set", "account__environment")
    search_fields = (
        "account__name",
        "account__account_id",
        "permission_set__name",
        "iam_role_name",
    )
    autocomplete_fields = ("account", "permission_set")

    @admin.display(description="ARN")
    def arn(self, role: AccountRole) -> str:
        """The IAM role's ARN."""
        return role.arn
