"""Start, finish and end a sign-in at the provider."""

from __future__ import annotations

from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
    OIDCLogoutView,
)


class Authenticate(OIDCAuthenticationRequestView):  # type: ignore[misc]
    """Send the browser to the provider."""


class Callback(OIDCAuthenticationCallbackView):  # type: ignore[misc]
    """Take the browser back from the provider."""


class Logout(OIDCLogoutView):  # type: ignore[misc]
    """End the sign-in here, then at the provider."""
