"""Who and why, for portal admins and auditors: why somebody can enter or cannot, and who can."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import rights
from accounts.errors import InvalidRequest, SignInAgain
from accounts.explanations import (
    Asked,
    Question,
    explain,
    explain_role,
    find_people,
    of_person,
    pasted,
    rows,
    subjects,
    uses,
    who_can,
)
from accounts.models import Environment, Mapping, PermissionSet
from accounts.types import Subject, Surface
from portal.context import subject_of_request
from portal.pages.explained import Part, part_of, typed
from portal.verified import verify
from portal.wording import in_words

_VALUES = 100
"""How many claim values are listed."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("claims")
def why(request: HttpRequest) -> HttpResponse:
    """Explain what a person may enter; on POST, what pasted claims may. Those are kept nowhere."""
    try:
        _reader_of(request)
    except SignInAgain:
        if request.method == "POST":
            # Elsewhere a form is kept until its sender is back from the provider; this one must not be.
            return redirect("explain")
        raise
    sent = request.POST if request.method == "POST" else request.GET
    form = typed(sent)
    context: dict[str, Any] = {"form": form, "longest": subjects.LONGEST, **_names()}
    if request.method == "POST":
        context["claims"] = claims = request.POST.get("claims", "")
        try:
            asked = pasted(claims, now=timezone.now())
        except InvalidRequest as error:
            context["claims_error"] = in_words(error.message)
            return render(request, "pages/explain.html", context, status=400)
        return _explained(request, asked, context)
    if not form["person"]:
        return render(request, "pages/explain.html", context)
    found = find_people(form["person"])
    if len(found) != 1:
        context |= {"nobody": not found, "people": found[: subjects.MOST_PEOPLE]}
        return render(request, "pages/explain.html", context, status=200 if found else 404)
    context["person"] = found[0]
    return _explained(request, of_person(found[0], now=timezone.now()), context)


def _explained(request: HttpRequest, asked: Asked, context: dict[str, Any]) -> HttpResponse:
    form, now = context["form"], timezone.now()
    context |= {"asked": asked, "explained": explain(asked.subject, now=now)}
    if form["account_id"] and form["role_name"]:
        context["role"] = explain_role(
            asked.subject,
            account_id=form["account_id"],
            role_name=form["role_name"],
            now=now,
        )
    elif form["account_id"] or form["role_name"]:
        context["half"] = True
    granted = [
        one
        for one in context["explained"].granted
        if form["account_id"] in ("", one.role.account_id)
        and form["role_name"] in ("", one.role.role_name)
    ]
    context["part"] = part_of(granted, request.GET)
    return render(request, "pages/explain.html", context)


@never_cache
@require_safe
def who(request: HttpRequest) -> HttpResponseBase:
    """Show who can enter what is asked about, and who did; with `format=csv`, a row for each role of each person."""
    _reader_of(request)
    form = typed(request.GET)
    question = Question(
        account_id=form["account_id"],
        role_name=form["role_name"],
        environment=form["environment"],
        privileged=form["privileged"] == "1",
        mapping_id=_number(form["mapping"]),
    )
    context: dict[str, Any] = {"form": form, "question": question, **_names()}
    if question.mapping_id is not None:
        context["mapping"] = Mapping.objects.filter(pk=question.mapping_id).first()
    if not question:
        return render(request, "pages/explain_who.html", context)
    if request.GET.get("format") == "csv" and request.method == "HEAD":
        return HttpResponse(content_type="text/csv; charset=utf-8")
    now = timezone.now()
    answer = who_can(question, now=now)
    if request.GET.get("format") == "csv":
        return StreamingHttpResponse(
            rows.csv_file(answer),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="who-can-{now:%Y%m%dT%H%M%SZ}.csv"'
            },
        )
    part: Part = part_of(answer.people, request.GET)
    used = uses.uses_of(
        ((one.person.subject.issuer, one.person.subject.sub) for one in part.items), question
    )
    context |= {
        "answer": answer,
        "part": part,
        "shown": [
            (one, used.get((one.person.subject.issuer, one.person.subject.sub)))
            for one in part.items
        ],
        "values": answer.values[:_VALUES],
        "more_values": max(0, len(answer.values) - _VALUES),
        "days": uses.DAYS,
        "latest": uses.latest_uses(question, now=now),
    }
    return render(request, "pages/explain_who.html", context)


def _reader_of(request: HttpRequest) -> Subject:
    # Who is no auditor any more must not read about everybody until the sign-in ends.
    verify(request, Surface.PAGES)
    subject = subject_of_request(request)
    rights.refuse_explaining(subject)
    return subject


def _names() -> dict[str, Any]:
    return {
        "role_names": PermissionSet.objects.order_by("name").values_list("name", flat=True),
        "environments": Environment.objects.order_by("name"),
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
