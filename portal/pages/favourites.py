"""Favourites: add a role, remove it, and put them in order."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import favourites as stored
from accounts.errors import AccessDenied, InvalidRequest
from accounts.messages import Message
from accounts.models import Person
from accounts.types import RoleRef
from portal.context import sign_in_of
from portal.pages.own_roles import OwnRoles, own_roles
from portal.pages.role_request import RoleRequest, role_request
from portal.pages.tiles import still_had, tiles_html, tiles_of

ACTIONS = ("star", "unstar", "up", "down")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def favourites(request: HttpRequest) -> HttpResponse:
    """List the favourites to arrange, with one to add if the query names a role; change them on POST."""
    person, own = sign_in_of(request).person, own_roles(request)
    if request.method == "POST":
        return _change(request, person, own)
    wanted = role_request(request)
    candidate = RoleRef(wanted.account_id, wanted.role_name)
    starred = still_had(stored.favourites(person=person), own)
    context = {
        "roles": [own.by_name[name].role for name in starred],
        "candidate": None if candidate in starred else own.by_name.get(candidate),
        "focus": _focused(starred, candidate, request.GET.get("pressed", "")),
    }
    return render(request, "pages/favourites.html", context)


def _change(request: HttpRequest, person: Person, own: OwnRoles) -> HttpResponse:
    action = next((name for name in ACTIONS if name in request.POST), "")
    account_id, _, role_name = request.POST.get(action, "").partition("/")
    role = RoleRef(account_id, role_name)
    if action == "unstar":
        stored.unstar(person=person, role=role)
    elif action == "star":
        stored.star(person=person, role=_had(role, own))
    elif action:
        starred = still_had(stored.favourites(person=person), own)
        stored.move(person=person, role=role, before=_next(starred, role, up=action == "up"))
    else:
        raise InvalidRequest(
            Message("The form names no action. Go back and try again."),
            f"none of {ACTIONS} is sent",
            code="favourites.act",
        )
    if "tiles" in request.POST:
        return HttpResponse(tiles_html(tiles_of(person, own), own))
    if "arrange" not in request.POST:
        return redirect("start")
    # After a move the button that was pressed gets the focus again.
    wanted = RoleRequest(account_id=role.account_id, role_name=role.role_name)
    moved = f"?pressed={action}&{wanted.query}" if action in ("up", "down") else ""
    return redirect(reverse("favourites") + moved)


def _had(role: RoleRef, own: OwnRoles) -> RoleRef:
    if role in own.by_name:
        return role
    raise AccessDenied(
        Message("You do not have this role in this account, so it cannot be a favourite."),
        f"{role} is not one of their roles",
    )


def _focused(starred: Sequence[RoleRef], moved: RoleRef, pressed: str) -> str:
    """Return the button that gets the focus, "up/123456789012/ReadOnly": the one pressed, if it is not disabled now."""
    if pressed not in ("up", "down") or moved not in starred:
        return ""
    button = {starred[-1]: "up", starred[0]: "down"}.get(moved, pressed)
    return f"{button}/{moved.account_id}/{moved.role_name}"


def _next(starred: Sequence[RoleRef], role: RoleRef, *, up: bool) -> RoleRef | None:
    """Return the favourite before which a role goes when it moves by one place; None for the end."""
    if role not in starred:
        return role
    place = max(starred.index(role) - 1, 0) if up else starred.index(role) + 2
    return starred[place] if place < len(starred) else None
