"""The pages that make accounts trust the portal: for one account, for a selection, for all of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from accounts.errors import InvalidRequest
from accounts.models import Account
from accounts.onboarding import Document, Form, Options, everywhere, onboard
from accounts.types import Surface
from portal.admin.fields import LinesField
from portal.context import origin_of, subject_of_request

MOST_CHOSEN = 100
"""Accounts that the address of the page can name; more are for the command, or all of them."""
_LONGEST_SHOWN = 200_000


class OnboardingForm(forms.Form):
    """How the roles of accounts are to be made."""

    form = forms.ChoiceField(
        label="Form",
        choices=[
            (Form.CLOUDFORMATION.value, "CloudFormation: a stack in each account"),
            (Form.STACK_SET.value, "StackSet: all accounts of an organization at once"),
            (Form.TERRAFORM.value, "Terraform"),
            (Form.AWS_CLI.value, "AWS CLI commands"),
        ],
    )
    reuse_provider = forms.BooleanField(
        required=False,
        label="The accounts have the OpenID Connect provider already",
        help_text="An account has one provider for each issuer. For the trust methods user-token and portal-token.",
    )
    region = forms.CharField(
        required=False,
        help_text="Where stacks are, such as eu-west-1. IAM is global, so one region is enough.",
    )
    organizational_units = LinesField(
        required=False,
        label="Organizational units",
        help_text="For a StackSet: ids such as ou-abcd-12345678, or the root's, r-abcd, one per line.",
    )
    delegated_admin = forms.BooleanField(
        required=False,
        label="The StackSet is made in a delegated administrator's account",
    )
    management_account = forms.CharField(
        required=False,
        help_text="For a StackSet: the management account's id. It needs a plain stack.",
    )
    context_provider = forms.BooleanField(
        required=False,
        label="With a context provider (not proven)",
        help_text="For AWS CLI commands and the trust method portal-token: policies in AWS can then name a sign-in.",
    )

    def options(self) -> Options:
        """Return what was chosen."""
        chosen = self.cleaned_data
        return Options(
            form=Form(chosen["form"]),
            reuse_provider=chosen["reuse_provider"],
            region=chosen["region"],
            organizational_units=tuple(chosen["organizational_units"]),
            delegated_admin=chosen["delegated_admin"],
            management_account=chosen["management_account"],
            context_provider=chosen["context_provider"],
        )


class Onboards(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the page, and an action for a selection, to the admin of accounts."""

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "onboarding/",
            self.admin_site.admin_view(self.onboarding_view),
            name="accounts_account_onboarding",
        )
        return [page, *super().get_urls()]

    @admin.action(description="Make the selected accounts trust the portal", permissions=["change"])
    def make_trust(
        self, request: HttpRequest, queryset: QuerySet[Account]
    ) -> HttpResponseRedirect | None:
        ids = list(queryset.values_list("account_id", flat=True)[: MOST_CHOSEN + 1])
        if len(ids) > MOST_CHOSEN:
            messages.error(
                request,
                f"Choose {MOST_CHOSEN} accounts at most, or all of the organization: “Make all accounts trust the "
                "portal” is at the top.",
            )
            return None
        query = QueryDict(mutable=True)
        query.setlist("account", ids)
        page = reverse("admin:accounts_account_onboarding")
        return HttpResponseRedirect(f"{page}?{query.urlencode()}")

    def onboarding_view(self, request: HttpRequest) -> HttpResponse:
        """Ask how, and show the files, or send them as one archive."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        ids = request.GET.getlist("account")[:MOST_CHOSEN]
        accounts = Account.objects.filter(account_id__in=ids) if ids else everywhere()
        form = OnboardingForm(request.POST or None)
        documents: list[Document] = []
        if form.is_valid():
            try:
                documents = onboard(
                    accounts,
                    form.options(),
                    subject=subject_of_request(request),
                    origin=origin_of(request, Surface.ADMIN),
                    now=timezone.now(),
                )
            except InvalidRequest as refused:
                form.add_error(None, refused.user_message)
        if documents and "archive" in request.POST:
            return _archive(documents)
        is_short = sum(len(document.text) for document in documents) <= _LONGEST_SHOWN
        context = {
            **self.admin_site.each_context(request),
            "title": "Make accounts trust the portal",
            "opts": self.opts,
            "form": form,
            "accounts": accounts.order_by("name", "account_id")[: MOST_CHOSEN + 1],
            "most": MOST_CHOSEN,
            "everywhere": not ids,
            "documents": documents if is_short else [],
            "too_long": not is_short,
        }
        return TemplateResponse(request, "admin/accounts/account/onboarding.html", context)


def _archive(documents: Sequence[Document]) -> HttpResponse:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for document in documents:
            archive.writestr(document.path, document.text)
    response = HttpResponse(buffer.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="gatehouse-onboarding.zip"'
    return response
