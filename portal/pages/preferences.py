"""Preferences of the person who is signed in."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import preferences as stored
from accounts.models.preferences import ProfileNames
from portal.context import sign_in_of
from portal.languages import activate_preferred


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show the preferences; save them on POST."""
    person = sign_in_of(request).person
    if request.method == "POST":
        stored.save(
            person=person,
            sign_out_first="sign_out_first" in request.POST,
            slash_searches="slash_searches" in request.POST,
            profile_names=request.POST.get("profile_names", ""),
            language=request.POST.get("language", ""),
        )
        activate_preferred(person)
        messages.success(request, gettext("Saved."))
        return redirect("preferences")
    context = {
        "preferences": stored.preferences_of(person),
        "profile_names": ProfileNames.choices,
        "languages": settings.LANGUAGES,
    }
    return render(request, "pages/preferences.html", context)
