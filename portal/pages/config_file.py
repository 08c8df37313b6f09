"""The page for command lines: the whole `~/.aws/config`, to copy, to download or to have written. It issues nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import preferences
from accounts.profile_patterns import LONGEST_PATTERN, InvalidPattern
from accounts.types import RoleRef
from portal.aws_config import ConfigProfile, ProfileKind, kinds, profiles_of, text
from portal.context import sign_in_of
from portal.pages.client_programs import PROGRAMS
from portal.pages.own_roles import own_roles
from portal.pages.profile_names import own_pattern
from portal.pages.search import LONGEST_SEARCH, matching_accounts, result_message, words_in
from portal.pages.see_other import SeeOther

# Means the same in double quotes to every shell, PowerShell and cmd included.
_SAFE_IN_SHELLS = re.compile("[A-Za-z0-9_.@+=,:/ -]*")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the query asks for: profiles of which roles, of which kind, and whether [default] names the endpoints."""

    query: str
    kind: ProfileKind
    default: bool

    @property
    def parameters(self) -> str:
        """The query of a link to the same."""
        fields = {
            "q": self.query,
            "kind": "" if self.kind is ProfileKind.SSO else self.kind.value,
            "default": "1" if self.default else "",
        }
        return urlencode({name: value for name, value in fields.items() if value})

    @property
    def command(self) -> str:
        """The command that fetches the same profiles and merges them into the file; "" if no shell could read it."""
        if not _SAFE_IN_SHELLS.fullmatch(self.query):
            return ""
        return " ".join(
            [
                f"gatehouse config --portal {settings.BASE_URL} --write",
                *(["--sso"] if self.kind is ProfileKind.SSO else []),
                *(["--default"] if self.default else []),
                *([f'--search "{self.query}"'] if self.query else []),
            ]
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def config_file(request: HttpRequest) -> HttpResponse:
    """Show the file for all roles, or for those that a search finds; on POST store the pattern of names."""
    pattern, refused = own_pattern(request), None
    if request.method == "POST":
        pattern = request.POST.get("profile_pattern", "")
        try:
            preferences.save_profile_pattern(person=sign_in_of(request).person, pattern=pattern)
        except InvalidPattern as error:
            # Shown again as it was typed, so that nothing is lost.
            refused = error
        else:
            return SeeOther(f"{reverse('cli')}?{_wanted(request).parameters}")
    wanted, profiles = _wanted(request), _profiles(request)
    context = {
        "wanted": wanted,
        "kinds": kinds(),
        "profiles": profiles,
        "text": text(profiles, kind=wanted.kind, default=wanted.default),
        "pattern": pattern,
        "refused": refused,
        "longest_pattern": LONGEST_PATTERN,
        "result_message": result_message(len(profiles)) if wanted.query else "",
        "portal_url": settings.BASE_URL,
        "programs": PROGRAMS,
        "example": profiles[0].name if profiles else "",
    }
    return render(request, "pages/config_file.html", context, status=400 if refused else 200)


@never_cache
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """Return the same file to save."""
    wanted = _wanted(request)
    content = text(_profiles(request), kind=wanted.kind, default=wanted.default)
    return HttpResponse(
        f"{content}\n",
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="config"'},
    )


def _wanted(request: HttpRequest) -> _Wanted:
    fields = request.POST if request.method == "POST" else request.GET
    named = fields.get("kind", "")
    kind = next((kind for kind in kinds() if kind == named), ProfileKind.SSO)
    return _Wanted(
        query=fields.get("q", "").strip()[:LONGEST_SEARCH],
        kind=kind,
        default=kind is ProfileKind.SSO and fields.get("default") == "1",
    )


def _profiles(request: HttpRequest) -> list[ConfigProfile]:
    own, query = own_roles(request), _wanted(request).query
    found = matching_accounts(own.accounts, words_in(query)) if query else own.accounts
    return profiles_of(
        own.by_name.values(),
        pattern=own_pattern(request),
        shown=[
            RoleRef(account.account_id, role.name) for account in found for role in account.roles
        ],
    )
