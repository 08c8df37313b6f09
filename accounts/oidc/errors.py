"""What can go wrong between the portal and the identity provider."""

from __future__ import annotations

from accounts.errors import GatehouseError


class SignInFailed(GatehouseError):
    """A sign-in that could not be completed; another one may be."""

    code = "signin.failed"
    http_status = 400


class TokenRefused(SignInFailed):
    """The provider's ID token does not prove who signed in."""

    code = "signin.token.refused"


class ProviderUnavailable(GatehouseError):
    """The provider could not be reached in time, or is out of order: trying again helps."""

    code = "signin.provider.unavailable"
    http_status = 503
    retryable = True


class ProviderMisconfigured(GatehouseError):
    """The provider and the portal's settings do not fit: an admin has to act."""

    code = "signin.provider.misconfigured"
    http_status = 503
