"""A form that was kept while its sender was at the identity provider: one click sends it again."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import kept_forms
from portal.pages.form_action import allow_form_targets, aws_sources

# `portal.pages.authorize` redirects to the program that asks, on a port of this machine.
_PROGRAMS = ("http://127.0.0.1:*",)


@never_cache
@require_safe
def continue_form(request: HttpRequest) -> HttpResponseBase:
    """Show the button; where there is no such form, lead to the accounts. Nothing is sent by a GET."""
    kept = kept_forms.find(request)
    if kept is None:
        return HttpResponseRedirect("/")
    response = render(request, "pages/continue.html", {"kept": kept})
    targets = {reverse("console"): aws_sources(), reverse("authorize"): _PROGRAMS}
    return allow_form_targets(request, response, *targets.get(urlsplit(kept.address).path, ()))
