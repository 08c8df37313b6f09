"""The favourites: star a role, take the star away, and put them in order."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import favourites as acts
from accounts.errors import AccessDenied, InvalidRequest
from accounts.models import Person
from accounts.types import Named
from portal.context import sign_in_of
from portal.pages import tiles
from portal.pages.asked import Asked, asked
from portal.pages.own_roles import OwnRoles, own_roles
from portal.pages.tiles import had

ACTS = ("star", "unstar", "up", "down")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def favourites(request: HttpRequest) -> HttpResponse:
    """Show the favourites to arrange on GET, with one to add if a role is named; change them on POST."""
    sign_in = sign_in_of(request)
    own = own_roles(request)
    if request.method == "POST":
        return _change(request, sign_in.person, own)
    wanted = asked(request)
    named = Named(wanted.account_id, wanted.role_name)
    starred = had(acts.favourites(person=sign_in.person), own)
    context = {
        "roles": [own.by_name[name].role for name in starred],
        "candidate": None if named in starred else own.by_name.get(named),
        "focus": _focused(starred, named, request.GET.get("pressed", "")),
    }
    return render(request, "pages/favourites.html", context)


def _change(request: HttpRequest, person: Person, own: OwnRoles) -> HttpResponse:
    act = next((act for act in ACTS if act in request.POST), "")
    account_id, _, role_name = request.POST.get(act, "").partition("/")
    role = Named(account_id, role_name)
    if act == "unstar":
        acts.unstar(person=person, role=role)
    elif act == "star":
        acts.star(person=person, role=_had(role, own))
    elif act:
        starred = had(acts.favourites(person=person), own)
        acts.move(person=person, role=role, before=_next(starred, role, up=act == "up"))
    else:
        raise InvalidRequest(
            "Say what to do with which role.", f"none of {ACTS} is sent", code="favourites.act"
        )
    if "tiles" in request.POST:
        return HttpResponse(tiles.markup(tiles.chosen(person=person, own=own), own))
    if "arrange" not in request.POST:
        return redirect("start")
    # Whoever moves one with the keyboard goes on from the button they pressed.
    wanted = Asked(account_id=role.account_id, role_name=role.role_name)
    moved = f"?pressed={act}&{wanted.query}" if act in ("up", "down") else ""
    return redirect(reverse("favourites") + moved)


def _had(role: Named, own: OwnRoles) -> Named:
    if role in own.by_name:
        return role
    raise AccessDenied(
        "You do not have this role in this account, so it cannot be a favourite.",
        f"{role} is not among what they are shown",
    )


def _focused(starred: Sequence[Named], moved: Named, pressed: str) -> str:
    """Return the button to go on from, "up/123456789012/ReadOnly": the one pressed, while it leads anywhere."""
    if pressed not in ("up", "down") or moved not in starred:
        return ""
    act = {starred[-1]: "up", starred[0]: "down"}.get(moved, pressed)
    return f"{act}/{moved.account_id}/{moved.role_name}"


def _next(starred: Sequence[Named], role: Named, *, up: bool) -> Named | None:
    """Return before which favourite one goes that moves by one place among those that are shown."""
    if role not in starred:
        return role
    place = max(starred.index(role) - 1, 0) if up else starred.index(role) + 2
    return starred[place] if place < len(starred) else None
