"""Cut live sessions at AWS: the form with its typed confirmation, and what became of each cut in each account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from accounts import revocation as domain
from accounts.errors import InvalidRequest
from accounts.models import Revocation
from accounts.models.revocations import Engine, PlacementState, Reach
from accounts.types import Surface
from portal.admin.read_only import ReadOnlyAdmin
from portal.context import origin_of, subject_of_request
from portal.limiting import count_form

_NAMED = ("account_id", "role_name", "issuer", "sub", "sign_in", "elevation")


class CutForm(forms.Form):
    """Why, how, and the words to type."""

    block = forms.BooleanField(
        required=False,
        initial=True,
        label="Block this person first",
        help_text="Their open sign-ins end, and the portal gives them nothing new. Otherwise they can get new keys at once.",
    )
    engine = forms.ChoiceField(choices=Engine.choices, initial=Engine.ROLES, label="Cut by")
    reason = forms.CharField(
        max_length=255,
        widget=AdminTextInputWidget,
        help_text="For other admins and the audit trail.",
    )
    typed = forms.CharField(widget=AdminTextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, reach: Reach, phrase: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phrase = phrase
        self.fields["typed"].label = f"Type {phrase}"
        if reach not in (Reach.PERSON, Reach.PERSON_IN_ROLE):
            del self.fields["block"]
        if not settings.ORGANIZATION_REVOCATION_POLICY:
            del self.fields["engine"]

    def clean_typed(self) -> str:
        """Refuse everything but the words themselves."""
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self._phrase:
            raise ValidationError(f"Type exactly this: {self._phrase}")
        return typed


@admin.register(Revocation)
class RevocationAdmin(ReadOnlyAdmin):
    """What was cut, and how far it is. Portal admins cut, and have what failed tried again; nobody changes a row."""

    change_form_template = "admin/accounts/revocation/change_form.html"
    change_list_template = "admin/accounts/revocation/change_list.html"
    list_display = ("requested_at", "what", "reach", "policies", "requested_by", "reason")
    list_filter = ("reach", "engine", "requested_at")
    search_fields = ("what", "sub", "requested_by", "reason")
    fields = (
        *("what", "reach", "engine", "progress", "reason"),
        *("requested_by", "requested_at", "since", "issuer", "sub"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revocation]:
        """Count the policies with the rows, and not in a query for each."""
        placed = Count("placements", filter=Q(placements__state=PlacementState.PLACED))
        rows: QuerySet[Revocation] = super().get_queryset(request)
        return rows.annotate(placed_policies=placed, all_policies=Count("placements"))

    @admin.display(description="policies placed")
    def policies(self, row: Any) -> str:
        return f"{row.placed_policies} of {row.all_policies}"

    @admin.display(description="progress")
    def progress(self, row: Revocation) -> str:
        return str(domain.progress_of(row))

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("cut/", self.admin_site.admin_view(self.cut_view), name="accounts_revocation_cut"),
            path(
                "<path:object_id>/retry/",
                self.admin_site.admin_view(self.retry_view),
                name="accounts_revocation_retry",
            ),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show each policy, and what became of it."""
        row = self.get_object(request, unquote(object_id))
        if row is not None:
            placements = list(row.placements.all())
            extra_context = {
                **(extra_context or {}),
                "placements": placements,
                "pending": sum(one.state == "pending" for one in placements),
                "may_retry": _may_cut(request) and any(one.state == "failed" for one in placements),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def cut_view(self, request: HttpRequest) -> HttpResponse:
        """Ask why and for the words to be typed, and cut."""
        if not _may_cut(request):
            raise PermissionDenied
        wanted = _wanted(request)
        now = timezone.now()
        try:
            reached = domain.reach(wanted, now=now)
        except InvalidRequest as refused:
            messages.error(request, refused.user_message)
            return HttpResponseRedirect(reverse("admin:accounts_revocation_changelist"))
        form = CutForm(request.POST or None, reach=wanted.reach, phrase=reached.phrase)
        if form.is_valid():
            subject = subject_of_request(request)
            count_form(subject)
            chosen = _wanted(
                request,
                reason=form.cleaned_data["reason"],
                block=form.cleaned_data.get("block", False),
                engine=Engine(form.cleaned_data.get("engine", Engine.ROLES)),
            )
            origin = origin_of(request, Surface.ADMIN)
            try:
                asked = domain.ask(chosen, by=subject, origin=origin, now=now)
            except InvalidRequest as refused:
                form.add_error(None, refused.user_message)
            else:
                _tell(request, asked)
                return HttpResponseRedirect(_page_of(asked.revocation))
        context = {
            **self.admin_site.each_context(request),
            "title": "Cut live sessions",
            "opts": self.opts,
            "form": form,
            "reached": reached,
            "policies": len(reached.placements),
        }
        return TemplateResponse(request, "admin/accounts/revocation/cut.html", context)

    def retry_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have the worker try again what has failed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not _may_cut(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        number = domain.retry(
            row,
            by=subject_of_request(request),
            origin=origin_of(request, Surface.ADMIN),
            now=timezone.now(),
        )
        noun = "1 policy" if number == 1 else f"{number} policies"
        messages.info(request, f"The worker tries {noun} again. Load this page again in a moment.")
        return HttpResponseRedirect(_page_of(row))


def _may_cut(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_admin", False))


def _wanted(request: HttpRequest, **more: Any) -> domain.Request:
    """Return what the address names.

    Raises:
        InvalidRequest: it names nothing that could be cut.
    """
    reach = request.GET.get("reach", "")
    if reach not in Reach.values:
        raise InvalidRequest("This address names nothing to cut. Begin at a page of the admin.")
    named: dict[str, Any] = {name: request.GET.get(name, "")[:255] for name in _NAMED}
    return domain.Request(reach=Reach(reach), **named, **more)


def _page_of(row: Revocation) -> str:
    return reverse("admin:accounts_revocation_change", args=(row.pk,))


def _tell(request: HttpRequest, asked: domain.Asked) -> None:
    progress = domain.progress_of(asked.revocation)
    number = asked.sign_ins_ended
    ended = f"{number} open sign-in{'' if number == 1 else 's'} ended. " if number else ""
    level = messages.success if progress.is_complete else messages.warning
    level(request, f"{ended}{progress}")
