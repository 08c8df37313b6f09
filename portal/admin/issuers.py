"""Trusted issuers: CI systems and clusters whose workloads bring tokens of their own."""

from __future__ import annotations

from django import forms
from django.contrib import admin

from accounts.models import TrustedIssuer
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import LinesField


class TrustedIssuerForm(forms.ModelForm):  # type: ignore[type-arg]
    audiences = LinesField(
        help_text="Accepted audiences (aud), one per line. A token needs one of them. Use one that no other "
        "service uses, such as the address of this portal."
    )


@admin.register(TrustedIssuer)
class TrustedIssuerAdmin(AuditedAdmin):
    form = TrustedIssuerForm
    list_display = ("name", "url", "audience_list", "algorithm", "enabled")
    list_filter = ("enabled",)
    search_fields = ("name", "url")
    fields = ("name", "url", "audiences", "algorithm", "enabled")

    @admin.display(description="audiences")
    def audience_list(self, issuer: TrustedIssuer) -> str:
        return ", ".join(issuer.audiences)
