"""What can go wrong between the portal and an identity provider, or with a provider's token."""

from __future__ import annotations

from accounts.errors import GatehouseError
from accounts.messages import Message


class SignInFailed(GatehouseError):
    """A sign-in that could not be completed; another one may be."""

    code = "signin.failed"
    http_status = 400


class GrantRefused(SignInFailed):
    """The provider does not accept a code or a refresh token any more."""

    code = "signin.code"

    def __init__(self, admin_message: str) -> None:
        super().__init__(
            Message(
                "Your identity provider no longer accepts this sign-in: it took too long, was completed "
                "already, or was ended there. Sign in again."
            ),
            admin_message,
        )


class InvalidToken(SignInFailed):
    """A JWT that breaks a rule. `rule` names it: `exp`, `aud`, `signature`, ... (the end of `code`)."""

    def __init__(self, message: Message | str, admin_message: str, *, rule: str) -> None:
        super().__init__(message, admin_message, code=f"signin.token.{rule}")
        self.rule = rule


class ProviderUnavailable(GatehouseError):
    """The provider could not be reached in time, or is out of order: trying again helps."""

    code = "signin.provider.unavailable"
    http_status = 503


class ProviderAnswerTooLarge(ProviderUnavailable):
    """The provider's answer is longer than the portal reads."""


def unavailable(
    admin_message: str, error: type[ProviderUnavailable] = ProviderUnavailable
) -> ProviderUnavailable:
    """Build the error for a provider that does not answer as it should."""
    return error(
        Message(
            "Your identity provider does not answer as it should, so nobody can sign in right now. Try "
            "again in a minute. If it happens again, contact your portal admins: OIDC_ISSUER names the "
            "provider."
        ),
        f"The identity provider is out of order: {admin_message}.",
    )


class ProviderMisconfigured(GatehouseError):
    """The provider and the portal's settings do not fit: an admin has to act."""

    code = "signin.provider.misconfigured"
    http_status = 503


class UserinfoRefused(ProviderMisconfigured):
    """Userinfo does not take the access token: at a sign-in a wrong setting, later an end of access."""


def misconfigured(
    problem: str, *, details: str = "", error: type[ProviderMisconfigured] = ProviderMisconfigured
) -> ProviderMisconfigured:
    """Build the error for a provider and settings that do not fit; only admins see `details`."""
    return error(
        Message(
            "This portal and your identity provider are not set up for each other, so nobody can sign in. "
            "Contact your portal admins: %(problem)s.",
            problem=problem,
        ),
        f"{problem}. {details}".rstrip(),
    )


class BearerJwtsNotSetUp(GatehouseError):
    """No audience is configured, so the API takes no JWTs of the identity provider."""

    code = "token.not_set_up"
    http_status = 401


class IssuerUnavailable(GatehouseError):
    """The keys of a trusted issuer cannot be read."""

    code = "token.issuer_unavailable"
    http_status = 503
