"""What people have right now, on their page: sign-ins, tokens, what is alive at AWS; and buttons that end it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
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
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import audit, ending, live_sessions, moments
from accounts.ending import Ended
from accounts.models import Person, SignIn
from accounts.models.signins import EndedBy
from accounts.types import Surface
from portal.admin.audited import AuditedAdmin
from portal.context import origin_of, subject_of_request
from portal.templatetags.cutting import cut_address

# Of the latest issuances this many are read, and so many shown.
_MOST_READ = 500
_MOST_SHOWN = 50


class ShowsAccess(AuditedAdmin):
    """The page of a person, with what they have right now below the form."""

    def get_urls(self) -> list[URLPattern]:
        end = path(
            "<path:object_id>/end/",
            self.admin_site.admin_view(self.end_view),
            name=f"accounts_{self.opts.model_name}_end",
        )
        return [end, *super().get_urls()]

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the person's sign-in that the form names or, if it names none, all of them and their tokens."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        person = self.get_object(request, unquote(object_id))
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        chosen = SignIn.objects.filter(person=person)
        if named := request.POST.get("sign_in", ""):
            ended = end_as_admin(request, chosen.filter(pk=_uuid(named)))
        else:
            ended = end_as_admin(request, chosen, people=(person,))
        tell(request, ended, people=(person,))
        page = reverse(
            f"{self.admin_site.name}:accounts_{self.opts.model_name}_change", args=(person.pk,)
        )
        return HttpResponseRedirect(f"{page}#access")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the person has right now below the form."""
        person = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if person is not None and self.has_view_permission(request, person):
            now = timezone.now()
            events = audit.of_person(issuer=person.issuer, sub=person.sub)
            alive = live_sessions.alive(events, now=now, at_most=_MOST_READ)
            extra_context = {
                **(extra_context or {}),
                "open_sign_ins": ending.open_sign_ins(person, now=now),
                "live_tokens": ending.live_tokens(person, now=now).count(),
                "at_aws": alive[:_MOST_SHOWN],
                "more_at_aws": len(alive) > _MOST_SHOWN,
                "cut_url": cut_address(person) if alive else "",
                "may_end": self.has_change_permission(request, person),
            }
        return super().change_view(request, object_id, form_url, extra_context)


def may_end(request: HttpRequest) -> bool:
    """Whether who asks may end sign-ins of others; auditors may not."""
    return isinstance(request.user, Person) and request.user.is_admin


def end_as_admin(
    request: HttpRequest, sign_ins: QuerySet[SignIn], *, people: Iterable[Person] = ()
) -> Ended:
    """End the open ones of these sign-ins, and all tokens of `people`, for the admin who asks."""
    now = timezone.now()
    return ending.end_all(
        sign_ins & SignIn.objects.open_at(now),
        people=people,
        reason=f"ended by a portal admin, {subject_of_request(request).label}",
        ended_by=EndedBy.ADMIN,
        origin=origin_of(request, Surface.ADMIN),
        now=now,
    )


def tell(request: HttpRequest, ended: Ended, *, people: Iterable[Person]) -> None:
    """Say what was ended, and what lives on at AWS."""
    whom = list(people)
    until = live_sessions.last_expiry(live_sessions.of_people(whom), now=timezone.now())
    at_aws = "" if until is None else f"; keys at AWS live until {moments.in_words(until)}"
    link = "" if until is None else links_to_cut(whom)
    messages.success(request, format_html("{}{}. {}", ended.in_words, at_aws, link))


def links_to_cut(people: Iterable[Person]) -> SafeString:
    """Return a link for each person to the page that cuts their sessions at AWS."""
    whom = list(people)
    return format_html_join(
        " ",
        '<a href="{}">Cut {} now</a>',
        (
            (cut_address(person), "them" if len(whom) == 1 else f"those of {person}")
            for person in whom
        ),
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
