"""Read what the provider sent a browser back with: a code or an error."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpRequest

from accounts.errors import GatehouseError
from accounts.oidc import discovery
from accounts.oidc.errors import ProviderUnavailable, SignInFailed

PROVIDER_REFUSED = "signin.provider.refused"
_PARAMETERS = ("state", "code", "error", "error_description", "iss")

# RFC 6749 section 4.1.2.1 and OpenID Connect Core 1.0 section 3.1.2.6, for people.
_MEANINGS = {
    "access_denied": "The sign-in was cancelled, or the identity provider does not let you in here.",
    "login_required": "The identity provider wants you to sign in there first.",
    "interaction_required": "The identity provider wants you to sign in there first.",
    "consent_required": "The identity provider wants your consent first.",
    "account_selection_required": "The identity provider wants you to choose an account first.",
}
# Keycloak, where another tab has signed in and the login page of this one was too old to follow; it asks
# for a new request at once: https://www.keycloak.org/securing-apps/oidc-layers#_oidc-errors
_STALE_TAB = ("temporarily_unavailable", "authentication_expired")


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """The parameters of a callback (RFC 6749 section 4.1.2, RFC 9207). Nothing in it is trusted yet."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    error_description: str
    iss: str | None

    @property
    def said(self) -> str:
        """The provider's own words, cut to a line."""
        return f"{plain(self.error, 80)} {plain(self.error_description, 300)}".strip()

    @property
    def is_of_a_stale_tab(self) -> bool:
        """Whether nothing is wrong but that the sign-in has to begin once more."""
        return (self.error, self.error_description) == _STALE_TAB

    def check_issuer(self) -> None:
        """Refuse another provider's answer.

        Raises:
            SignInFailed: it is not our provider's.
            ProviderUnavailable: our provider cannot be read.
        """
        op = discovery.provider()
        if self.iss is None and op.sends_iss:
            raise _not_ours(
                "The callback does not name its issuer, which the provider always does."
            )
        if self.iss is not None and self.iss != op.issuer:
            raise _not_ours(f"The callback is of another issuer: {plain(self.iss, 200)}.")

    def check_code(self) -> None:
        """Refuse an error, and an answer without a code.

        Raises:
            SignInFailed: there is no code.
            ProviderUnavailable: the provider says it is out of order.
        """
        if self.error:
            raise self._refusal()
        if not self.code:
            raise _malformed("The callback holds neither a code nor an error.")

    def _refusal(self) -> GatehouseError:
        admin_message = f"The provider answered with the error {self.said}"
        if self.error in ("temporarily_unavailable", "server_error"):
            return ProviderUnavailable(
                "The identity provider has a problem and cannot sign you in. Try again in a minute.",
                admin_message,
                code=PROVIDER_REFUSED,
            )
        return SignInFailed(
            _MEANINGS.get(self.error, "The identity provider refused the sign-in.")
            + " You can sign in again; if it goes on, tell the people who run this portal.",
            admin_message,
            code=PROVIDER_REFUSED,
        )


def read(request: HttpRequest) -> CallbackAnswer:
    """Read the parameters; raises SignInFailed where there is no state, or one comes twice."""
    if any(len(request.GET.getlist(name)) > 1 for name in _PARAMETERS):
        raise _malformed("A parameter of the callback comes twice (RFC 6749 section 3.1).")
    if not request.GET.get("state"):
        raise _malformed("The callback holds no state.")
    return CallbackAnswer(
        state=request.GET["state"],
        code=request.GET.get("code", ""),
        error=request.GET.get("error", ""),
        error_description=request.GET.get("error_description", ""),
        iss=request.GET.get("iss"),
    )


def plain(text: str, length: int) -> str:
    """Return somebody else's text as a line that can be shown and logged."""
    return "".join(character if character.isprintable() else " " for character in text[:length])


def _malformed(admin_message: str) -> SignInFailed:
    return SignInFailed(
        "This address only works on the way back from the identity provider. Sign in again.",
        admin_message,
        code="signin.callback",
    )


def _not_ours(admin_message: str) -> SignInFailed:
    return SignInFailed(
        "This answer is not from the identity provider of this portal, so it was refused. "
        "Sign in again, and only from this portal's own page.",
        admin_message,
        code="signin.issuer",
    )
