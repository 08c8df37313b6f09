"""The authorization response: what the provider sends the browser back with, a code or an error."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpRequest

from accounts.errors import GatehouseError
from accounts.messages import Message
from accounts.oidc import discovery
from accounts.oidc.errors import ProviderUnavailable, SignInFailed
from accounts.visible import as_line

PROVIDER_REFUSED = "signin.provider.refused"
_PARAMETERS = ("state", "code", "error", "error_description", "iss")

# The errors of RFC 6749 section 4.1.2.1 and OpenID Connect Core 1.0 section 3.1.2.6, for people.
_MESSAGES = {
    "access_denied": Message(
        "The sign-in was cancelled, or your identity provider does not allow you to use this portal."
    ),
    "login_required": Message("Your identity provider wants you to sign in there first."),
    "interaction_required": Message("Your identity provider wants you to sign in there first."),
    "consent_required": Message("Your identity provider wants your consent first."),
    "account_selection_required": Message(
        "Your identity provider wants you to choose an account first."
    ),
}
_NEEDS_THE_PERSON = frozenset(_MESSAGES) - {"access_denied"}
# Keycloak sends this where another tab has signed in meanwhile and the login page of this one has
# expired. A new request succeeds: https://www.keycloak.org/securing-apps/oidc-layers#_oidc-errors
_STALE_TAB = ("temporarily_unavailable", "authentication_expired")


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The parameters of the callback (RFC 6749 section 4.1.2, RFC 9207). Nothing in it is trusted yet."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    error_description: str
    iss: str | None

    @property
    def provider_message(self) -> str:
        """The provider's own words, as one line."""
        return f"{as_line(self.error, 80)} {as_line(self.error_description, 300)}".strip()

    @property
    def is_from_stale_tab(self) -> bool:
        """Whether the sign-in only has to begin again."""
        return (self.error, self.error_description) == _STALE_TAB

    @property
    def needs_the_person(self) -> bool:
        """Whether the provider would have had to ask something, and was told not to (prompt=none)."""
        return self.error in _NEEDS_THE_PERSON

    def check_issuer(self) -> None:
        """Refuse the response of another provider (RFC 9207).

        Raises:
            SignInFailed: it is of another issuer.
            ProviderUnavailable: the discovery document cannot be read.
        """
        provider = discovery.provider()
        if self.iss is None and provider.sends_iss:
            raise _not_ours(
                "The callback does not name its issuer, which the provider always does."
            )
        if self.iss is not None and self.iss != provider.issuer:
            raise _not_ours(f"The callback is of another issuer: {as_line(self.iss, 200)}.")

    def check_code(self) -> None:
        """Refuse an error, and a response without a code.

        Raises:
            SignInFailed: there is no code.
            ProviderUnavailable: the provider says it is out of order.
        """
        if self.error:
            raise self._refusal()
        if not self.code:
            raise _malformed("The callback holds neither a code nor an error.")

    def _refusal(self) -> GatehouseError:
        admin_message = f"The provider answered with the error {self.provider_message}"
        if self.error in ("temporarily_unavailable", "server_error"):
            return ProviderUnavailable(
                Message(
                    "Your identity provider has a problem and cannot sign you in. Try again in a minute."
                ),
                admin_message,
                code=PROVIDER_REFUSED,
            )
        return SignInFailed(
            _MESSAGES.get(self.error, Message("Your identity provider refused the sign-in."))
            + Message("You can sign in again. If it happens again, contact your portal admins."),
            admin_message,
            code=PROVIDER_REFUSED,
        )


def parse(request: HttpRequest) -> AuthorizationResponse:
    """Read the parameters; raises SignInFailed if there is no state, or a parameter comes twice."""
    if any(len(request.GET.getlist(name)) > 1 for name in _PARAMETERS):
        raise _malformed("A parameter of the callback comes twice (RFC 6749 section 3.1).")
    if not request.GET.get("state"):
        raise _malformed("The callback holds no state.")
    return AuthorizationResponse(
        state=request.GET["state"],
        code=request.GET.get("code", ""),
        error=request.GET.get("error", ""),
        error_description=request.GET.get("error_description", ""),
        iss=request.GET.get("iss"),
    )


def _malformed(admin_message: str) -> SignInFailed:
    return SignInFailed(
        Message(
            "This address only works on the way back from your identity provider. Sign in again."
        ),
        admin_message,
        code="signin.callback",
    )


def _not_ours(admin_message: str) -> SignInFailed:
    return SignInFailed(
        Message(
            "This answer did not come from the identity provider of this portal, so it was refused. "
            "Sign in again, and start on this portal's own page."
        ),
        admin_message,
        code="signin.issuer",
    )
