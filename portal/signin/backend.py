"""Turn a verified sign-in at the provider into a person of ours."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class Backend(OIDCAuthenticationBackend):  # type: ignore[misc]
    """People are found by (issuer, sub), never by email."""

    def __init__(self) -> None:
        # Django makes a backend for every request of a signed-in person: nothing may be discovered here.
        self.UserModel = get_user_model()
