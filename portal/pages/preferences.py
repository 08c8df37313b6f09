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
from accounts.models import Preferences
from accounts.profile_patterns import LONGEST_PATTERN, InvalidPattern
from portal.context import sign_in_of
from portal.languages import activate_preferred


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show the preferences; save them on POST."""
    person = sign_in_of(request).person
    shown, refused = stored.preferences_of(person), None
    if request.method == "POST":
        # Shown again as it was typed if it is refused, so that nothing is lost.
        shown = Preferences(
            sign_out_first="sign_out_first" in request.POST,
            slash_searches="slash_searches" in request.POST,
            profile_pattern=request.POST.get("profile_pattern", ""),
            language=request.POST.get("language", ""),
            opens_console_at_once="opens_console_at_once" in request.POST,
        )
        try:
            stored.save(
                person=person,
                sign_out_first=shown.sign_out_first,
                slash_searches=shown.slash_searches,
                profile_pattern=shown.profile_pattern,
                language=shown.language,
                opens_console_at_once=shown.opens_console_at_once,
            )
        except InvalidPattern as error:
            refused = error
        else:
            activate_preferred(person)
            messages.success(request, gettext("Saved."))
            return redirect("preferences")
    context = {
        "preferences": shown,
        "refused": refused,
        "longest_pattern": LONGEST_PATTERN,
        "languages": settings.LANGUAGES,
    }
    return render(request, "pages/preferences.html", context, status=400 if refused else 200)
