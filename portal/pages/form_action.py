"""Let the forms of a page be redirected elsewhere: otherwise CSP's `form-action` allows only this portal."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

View = Callable[[HttpRequest], HttpResponseBase]

# Chromium checks every redirect after a form against form-action: AWS's sign-in, then its console.
AWS = (
    "https://*.aws.amazon.com",
    "https://*.amazonaws-us-gov.com",
    "https://*.amazonaws.cn",
    "https://*.amazonaws-eusc.eu",
)


def may_lead_to_aws(view: View) -> View:
    """Allow the forms of this view's page to be redirected to AWS's sign-in and console."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponseBase:
        return allow_form_targets(request, view(request), *aws_sources())

    return wrapped


def allow_form_targets(
    request: HttpRequest, response: HttpResponseBase, *sources: str
) -> HttpResponseBase:
    """Add these sources to form-action in the policy of one response."""
    allowed: HttpResponseBase = csp_update({"form-action": [*sources]})(lambda _: response)(request)
    return allowed


def aws_sources() -> list[str]:
    """Return the CSP sources of AWS's sign-in and console."""
    if not settings.AWS_FEDERATION_ENDPOINT:
        return [*AWS]
    # Demo and tests have a stand-in for AWS's sign-in.
    stand_in = urlsplit(settings.AWS_FEDERATION_ENDPOINT)
    return [*AWS, f"{stand_in.scheme}://{stand_in.netloc}"]
