"""Ask the identity provider's token endpoint, as the portal's own client: RFC 6749 sections 3.2 and 6."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from django.conf import settings

from accounts.errors import GatehouseError
from accounts.messages import Message
from accounts.oidc import discovery
from accounts.oidc.errors import (
    GrantRefused,
    ProviderAnswerTooLarge,
    SignInFailed,
    misconfigured,
    unavailable,
)
from accounts.oidc.provider_http import ProviderResponse, fetch
from accounts.oidc.strict_json import parse_object
from accounts.visible import as_line

MAX_TOKEN_ANSWER = 512 * 1024
# What a refusal must not repeat into the log.
_SECRETS = ("code", "code_verifier", "refresh_token", "client_secret")
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The tokens that the endpoint gave, each "" if it gave none. Not in the `repr`."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


def exchange_code(*, code: str, code_verifier: str, redirect_uri: str) -> TokenAnswer:
    """Exchange the code of a sign-in (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

    Raises:
        GrantRefused: the provider does not accept the code any more.
        ProviderUnavailable, ProviderMisconfigured, SignInFailed: no usable answer.
    """
    return _ask(
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": code_verifier,
            "redirect_uri": redirect_uri,
        }
    )


def refresh(refresh_token: str) -> TokenAnswer:
    """Exchange a refresh token for new tokens (OpenID Connect Core 1.0 section 12). It may work only this once.

    Raises:
        GrantRefused: the provider does not accept the token any more.
        ProviderUnavailable, ProviderMisconfigured, SignInFailed: no usable answer.
    """
    return _ask({"grant_type": "refresh_token", "refresh_token": refresh_token})


@contextmanager
def only_one_persons_problem() -> Iterator[None]:
    """Refuse one person whose claims are too long, instead of saying that nobody can sign in."""
    try:
        yield
    except ProviderAnswerTooLarge as error:
        raise SignInFailed(
            Message(
                "Your identity provider sent more about you than this portal accepts. Contact your "
                "portal admins: the provider should send fewer groups."
            ),
            error.admin_message,
            code="signin.too_large",
        ) from error


def _ask(grant: Mapping[str, str]) -> TokenAnswer:
    provider = discovery.provider()
    client_id, secret = settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET
    data, headers = dict(grant), {}
    if provider.basic_auth:
        headers["Authorization"] = _basic(client_id, secret)
    else:
        data |= {"client_id": client_id, "client_secret": secret}
    with only_one_persons_problem():
        answer = fetch(
            "POST",
            provider.token_endpoint,
            name="the answer of the token endpoint",
            limit=MAX_TOKEN_ANSWER,
            headers=headers,
            data=data,
        )
    if 400 <= answer.status < 500:
        raise _refusal(answer, sent={**grant, "client_secret": secret})
    tokens = answer.document()
    if "error" in tokens:  # Some providers refuse with status 200.
        raise _refusal(answer, sent={**grant, "client_secret": secret})
    if _text(tokens, "token_type").lower() == "dpop":
        raise _bound_to_a_key("The token endpoint sent a token of the type DPoP.")
    return TokenAnswer(
        id_token=_text(tokens, "id_token"),
        access_token=_text(tokens, "access_token"),
        refresh_token=_text(tokens, "refresh_token"),
    )


def _basic(client_id: str, secret: str) -> str:
    # RFC 6749 section 2.3.1: both are form-encoded first.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _refusal(answer: ProviderResponse, *, sent: Mapping[str, str]) -> GatehouseError:
    """Return the error for a refusal of the token endpoint (RFC 6749 section 5.2)."""
    try:
        found = parse_object(answer.body)
    except ValueError:
        found = {}
    error = found.get("error")
    if not isinstance(error, str):
        return unavailable(f"the token endpoint answered with status {answer.status}")
    said = f"{error} {_text(found, 'error_description')}".strip()
    if any(sent[name] in said for name in _SECRETS if sent.get(name)):
        said = "(not recorded: it repeats a secret)"
    why = f"The token endpoint said: {as_line(said, _LONGEST_REASON)}"
    if "dpop" in said.lower():  # RFC 9449; some say invalid_grant, as for a code that is too old.
        return _bound_to_a_key(why)
    if error in ("invalid_client", "unauthorized_client"):
        return misconfigured(
            "the identity provider refuses the portal's OIDC_RP_CLIENT_ID and OIDC_RP_CLIENT_SECRET",
            details=why,
        )
    if error == "invalid_grant":
        return GrantRefused(why)
    return misconfigured(
        "the identity provider refuses the portal's way of asking for tokens", details=why
    )


def _bound_to_a_key(details: str) -> GatehouseError:
    return misconfigured(
        "the identity provider binds tokens to a key (DPoP), which this portal does not support; turn that off "
        "for the portal's client",
        details=details,
    )
