"""The admin's page that takes a TOML file, shows its plan, and applies exactly that."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.errors import GatehouseError
from accounts.plans import uploads
from accounts.plans.changes import counts
from accounts.plans.complaints import InvalidPlan
from accounts.rights import rights_of
from accounts.types import Surface
from portal.context import origin_of, subject_of_request


class UploadForm(forms.Form):
    """A file's name and text: a script fills both in from a chosen file."""

    name = forms.CharField(
        label="File name",
        max_length=255,
        initial="company.toml",
        help_text="The same each time: it says which file manages what.",
    )
    text = forms.CharField(
        label="File",
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 20, "spellcheck": "false", "class": "vLargeTextField"}
        ),
        help_text="Choose a TOML file, or paste it. Up to 250 KB; longer ones are for manage.py plan.",
    )
    manage = forms.BooleanField(
        required=False,
        label="The file manages what it names",
        help_text="It is then read-only here.",
    )
    prune = forms.BooleanField(
        required=False,
        label="Prune",
        help_text="Remove what this file manages and no longer names. The plan shows it first.",
    )


def upload_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Take a file, and lead to its plan."""
    _refuse_others(request)
    form = UploadForm(request.POST or None)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            row, _ = uploads.propose(
                [(chosen["name"], chosen["text"])],
                subject=subject_of_request(request),
                prune=chosen["prune"],
                manage=chosen["manage"],
                now=timezone.now(),
            )
        except InvalidPlan as invalid:
            for complaint in invalid.complaints[:100]:
                place = f"Line {complaint.line}: " if complaint.line else ""
                form.add_error("text", f"{place}{complaint}")
        else:
            return HttpResponseRedirect(reverse(f"{site.name}:plan", args=(row.pk,)))
    context = {**site.each_context(request), "title": "Plan a file", "form": form}
    return TemplateResponse(request, "admin/plans/upload.html", context)


def plan_page(request: HttpRequest, pk: UUID, site: AdminSite) -> HttpResponse:
    """Show an uploaded plan, and apply it once that is confirmed."""
    _refuse_others(request)
    now = timezone.now()
    row = uploads.find(pk, now=now)
    if row is None:
        raise Http404
    try:
        if request.method == "POST":
            changes = uploads.confirm(
                pk,
                subject=subject_of_request(request),
                origin=origin_of(request, Surface.ADMIN),
                now=now,
            )
            done = ", ".join(f"{number} {what}" for what, number in counts(changes).items())
            messages.success(request, f"Applied {row.files[0][0]}: {done}.")
            return HttpResponseRedirect(reverse(f"{site.name}:index"))
        plan = uploads.shown(row, now=now)
    except GatehouseError as refused:
        messages.error(request, refused.user_message)
        return HttpResponseRedirect(reverse(f"{site.name}:plans"))
    context = {
        **site.each_context(request),
        "title": "Confirm a plan",
        "file": row.files[0][0],
        "plan": plan,
        # Names are quoted, and what cannot be seen in them is escaped: `accounts.plans.notation`.
        "changes": "\n".join(plan.change_lines()),
    }
    return TemplateResponse(request, "admin/plans/plan.html", context)


def _refuse_others(request: HttpRequest) -> None:
    if not rights_of(subject_of_request(request)).admin:
        raise PermissionDenied
