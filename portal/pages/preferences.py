"""Preferences: what somebody wants the portal to do for them, and nothing for anybody else."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.preferences import keep, of
from portal.context import sign_in_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show one's own preferences, and keep them."""
    person = sign_in_of(request).person
    if request.method == "POST":
        keep(
            person=person,
            sign_out_first="sign_out_first" in request.POST,
            slash_searches="slash_searches" in request.POST,
        )
        messages.success(request, "Saved.")
        return redirect("preferences")
    return render(request, "pages/preferences.html", {"preferences": of(person)})
