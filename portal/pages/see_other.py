"""The redirect after a form."""

from __future__ import annotations

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """A redirect after which every client sends a GET."""

    status_code = 303
