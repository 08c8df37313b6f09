"""Permission sets: roles as they are offered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from accounts import durations, preflight
from accounts.aws import destinations, limits
from accounts.aws.session_policies import READ_ONLY_ACCESS
from accounts.clashes import same_arn
from accounts.models import AccountRole, PermissionSet
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import DurationField, LinesField, PolicyField, TagsField


class PermissionSetForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a permission set, with the checks that need other tables or AWS's list of consoles."""

    session_duration = DurationField(
        label="Longest session",
        # A declared field does not take the default of the model.
        initial=limits.DEFAULT_SESSION,
        help_text="From 15 minutes to 12 hours, such as 8 hours or 90 minutes.",
    )
    max_sign_in_age = DurationField(
        required=False,
        label="Longest time since the sign-in",
        help_text="Such as 15 minutes or 8 hours, from a minute to 7 days; empty: any. Whoever signed in at the identity "
        "provider earlier has to do so again.",
    )
    session_tags = LinesField(
        required=False,
        help_text="Keys of the session tags that programs may set with this role, such as ticket, one "
        "per line. Programs choose the values, so use no key that a policy in AWS relies on. The role's "
        "trust policy must allow sts:TagSession.",
    )
    claim_tags = TagsField(
        required=False,
        label="Tags from claims",
        help_text="One key=claim per line, such as department=department. Nobody can set these otherwise, and "
        "nobody without the claim gets in. The role's trust policy must allow sts:TagSession.",
    )
    transitive_tags = LinesField(
        required=False,
        label="Of these, transitive",
        help_text="Keys of tags from claims that stay when a session enters another role, one per line. Each of those "
        "roles must then allow sts:TagSession; AWS CDK, Terraform and other tools that enter roles fail otherwise.",
    )
    role_policy = PolicyField(required=False, label="Inline policy", help_text="JSON.")
    role_policy_arns = LinesField(
        required=False,
        label="Managed policies",
        help_text="ARNs, one per line, such as AWS's own "
        f"{READ_ONLY_ACCESS}. {{partition}} and {{account_id}} stand for those of the account.",
    )
    session_policy = PolicyField(
        required=False,
        help_text="JSON. Sessions may do what both the role and this policy allow.",
    )
    session_policy_arns = LinesField(
        required=False,
        label="Managed session policies",
        help_text="ARNs, one per line, that count like the session policy. "
        "{partition} and {account_id} stand for those of the account.",
    )
    read_only_policy = PolicyField(
        required=False,
        label="Read-only policy",
        help_text="JSON. Next to a session policy: statements with “Effect”: “Deny” only.",
    )
    read_only_policy_arns = LinesField(
        required=False,
        label="Managed read-only policies",
        help_text=f"ARNs, one per line, such as AWS's own {READ_ONLY_ACCESS}.",
    )

    def clean_session_duration(self) -> int:
        seconds = int(self.cleaned_data["session_duration"])
        if not limits.SHORTEST_SESSION <= seconds <= limits.LONGEST_SESSION:
            raise ValidationError("Choose a duration from 15 minutes to 12 hours.")
        return seconds

    def clean_destination(self) -> str:
        """Refuse a URL outside AWS's consoles, in any partition."""
        destination = str(self.cleaned_data["destination"])
        if destination and (complaint := destinations.complaint(destination)):
            raise ValidationError(complaint)
        return destination

    def clean_claim_tags(self) -> Any:
        """Keep unchanged tags as they are stored: a key may hold an =, which a line cannot express."""
        changed = "claim_tags" in self.changed_data
        return self.cleaned_data["claim_tags"] if changed else self.instance.claim_tags

    def clean(self) -> Any:
        """Refuse a name or path that would give two roles of an account one ARN."""
        cleaned = super().clean()
        if self.instance.pk and {"name", "iam_path"} & set(self.changed_data):
            self._refuse_same_arn()
        return cleaned

    def _refuse_same_arn(self) -> None:
        name = self.cleaned_data.get("name", "")
        path = self.cleaned_data.get("iam_path", "")
        roles = AccountRole.objects.select_related("account", "permission_set")
        by_account: dict[int, list[AccountRole]] = {}
        for role in roles.filter(account__roles__permission_set=self.instance):
            if role.permission_set == self.instance:
                role.permission_set.name, role.permission_set.iam_path = name, path
            by_account.setdefault(role.account_id, []).append(role)
        for roles_of_account in by_account.values():
            if clash := same_arn(roles_of_account):
                raise ValidationError({"name": clash})


# What AWS has to allow more for.
_RULES = (
    "source_identity_claim",
    "claim_tags",
    "transitive_tags",
    "session_policy",
    "session_policy_arns",
    "read_only_policy",
)


def _say_what_aws_has_to_allow(request: HttpRequest, permission_set: PermissionSet) -> None:
    for one in (
        *preflight.unusable(permission_set=permission_set),
        *preflight.advice(permission_set),
    ):
        messages.warning(request, one)


@admin.register(PermissionSet)
class PermissionSetAdmin(AuditedAdmin):
    form = PermissionSetForm
    list_display = ("name", "description", "longest", "offers", "privileged", "account_count")
    # Annotating the count drops the model's ordering, and pages would overlap.
    ordering = ("name",)
    list_filter = ("privileged", "console", "keys")
    search_fields = ("name", "description")
    fieldsets = (
        (None, {"fields": ("name", "iam_path", "description")}),
        ("Session", {"fields": ("session_duration", "destination")}),
        ("Access", {"fields": ("console", "keys", "privileged")}),
        (
            "The sign-in it asks for",
            {
                "description": "People without such a sign-in are sent to the identity provider, and come back. What "
                "the provider does not say counts as missing.",
                "fields": ("requires_mfa", "max_sign_in_age"),
            },
        ),
        (
            "Who it is, at AWS",
            {
                "description": "What CloudTrail and policies in AWS see of the person. Session names and source "
                "identities end with a digest of the person, so two people never share one.",
                "fields": (
                    "session_name_claim",
                    "source_identity_claim",
                    "claim_tags",
                    "transitive_tags",
                    "session_tags",
                ),
            },
        ),
        (
            "What the IAM roles may do",
            {
                "description": "For the templates that make the roles in accounts. Roles that are there already "
                "change when the templates are deployed again.",
                "fields": ("role_policy", "role_policy_arns", "permissions_boundary"),
            },
        ),
        (
            "Session policies",
            {
                "description": "They narrow every session with this role below what the role itself may do.",
                "fields": ("session_policy", "session_policy_arns"),
            },
        ),
        (
            "Read-only",
            {
                "description": "People can then ask for less than they may: sessions that this narrows further.",
                "fields": ("read_only_policy", "read_only_policy_arns"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PermissionSet]:
        sets: QuerySet[PermissionSet] = super().get_queryset(request)
        return sets.annotate(number_of_accounts=Count("account_roles"))

    def save_model(
        self,
        request: HttpRequest,
        obj: PermissionSet,
        form: forms.ModelForm[PermissionSet],
        change: bool,
    ) -> None:
        """Save, and warn when IAM roles in AWS must be renamed, or allow more than they did."""
        super().save_model(request, obj, form, change)
        renamed = obj.account_roles.all()
        if "iam_path" not in form.changed_data:
            renamed = renamed.filter(iam_role_name="")
        if change and {"name", "iam_path"} & set(form.changed_data) and (count := renamed.count()):
            messages.warning(
                request,
                f"Rename {count} IAM role{'s' if count > 1 else ''} in AWS now: the new ARNs are listed "
                "under account roles. Until then AWS refuses access to them.",
            )

        if {*_RULES} & set(form.changed_data):
            _say_what_aws_has_to_allow(request, obj)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say the same when the permission set is looked at."""
        stored = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if stored is not None and self.has_view_permission(request, stored):
            _say_what_aws_has_to_allow(request, stored)
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description="offers")
    def offers(self, permission_set: PermissionSet) -> str:
        offered = {"console": permission_set.console, "keys": permission_set.keys}
        return " and ".join(name for name, is_offered in offered.items() if is_offered)

    @admin.display(description="accounts", ordering="number_of_accounts")
    def account_count(self, permission_set: Any) -> int:
        return int(permission_set.number_of_accounts)

    @admin.display(description="longest session", ordering="session_duration")
    def longest(self, permission_set: PermissionSet) -> str:
        return durations.in_words(permission_set.session_duration)
