"""The trusted issuers' pages: whose workloads may come with tokens of their own."""

from __future__ import annotations

from django import forms
from django.contrib import admin

from accounts.models import TrustedIssuer
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import LinesField


class TrustedIssuerForm(forms.ModelForm):  # type: ignore[type-arg]
    """An issuer, with its audiences as lines."""

    audiences = LinesField(
        help_text="Whom the tokens must be for (aud): any one of these, one a line. Choose what no "
        "other service uses, such as the portal's own address."
    )


@admin.register(TrustedIssuer)
class TrustedIssuerAdmin(AuditedAdmin):
    """CI systems, clusters, and whatever else signs tokens for its programs."""

    form = TrustedIssuerForm
    list_display = ("name", "url", "for_whom", "algorithm", "enabled")
    list_filter = ("enabled",)
    search_fields = ("name", "url")
    fields = ("name", "url", "audiences", "algorithm", "enabled")

    @admin.display(description="audiences")
    def for_whom(self, issuer: TrustedIssuer) -> str:
        """Its audiences in one line."""
        return ", ".join(issuer.audiences)
