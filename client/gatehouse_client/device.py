"""Sign in with a browser elsewhere: the device authorization grant (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gatehouse_client import transport
from gatehouse_client.errors import CommandFailed, printable
from gatehouse_client.provider import OAuthError, Pkce, ProviderApi, TokenResponse

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL, SLOW_DOWN = 5.0, 5.0
MAX_WAIT = 1800.0
"""Seconds to wait for the code to be entered, whatever the provider says."""


@dataclass(frozen=True, slots=True)
class UserCode:
    """The code to enter, the page where to enter it, and the page's URL with the code in it, or ""."""

    url: str
    code: str
    complete_url: str


def sign_in(
    api: ProviderApi,
    *,
    show: Callable[[UserCode], None],
    sleep: Callable[[float], None] = time.sleep,
) -> TokenResponse:
    """Request a code, show it, and wait until somebody has entered it.

    Raises:
        CommandFailed: the provider has no device grant, the sign-in was refused, or the code expired.
    """
    if not (endpoint := api.endpoint("device_authorization_endpoint")):
        raise CommandFailed(
            "The identity provider has no sign-in by code. Sign in where there is a browser, or "
            "give this machine a token: GATEHOUSE_TOKEN."
        )
    # Some providers require PKCE here; the others ignore the parameters.
    pkce = Pkce()
    response = transport.send(endpoint, form={**api.sign_in_parameters(), **pkce.parameters})
    authorization = response.json()
    if response.status != 200:
        raise OAuthError(
            str(authorization.get("error", response.status)),
            str(authorization.get("error_description") or ""),
        )
    device_code, code = authorization.get("device_code"), _user_code(authorization)
    if not isinstance(device_code, str) or not device_code:
        raise CommandFailed("The identity provider sent no device code.")
    show(code)
    interval = max(1.0, _seconds(authorization.get("interval"), DEFAULT_INTERVAL))
    remaining = _seconds(authorization.get("expires_in"), MAX_WAIT)
    while remaining > 0:
        pause = min(interval, remaining)
        sleep(pause)
        remaining -= pause
        try:
            return api.request_tokens(
                grant_type=GRANT_TYPE, device_code=device_code, code_verifier=pkce.verifier
            )
        except transport.ServerTimeout:
            interval *= 2  # RFC 8628 section 3.5.
        except OAuthError as error:
            if error.code == "slow_down":
                interval += SLOW_DOWN
            elif error.code == "access_denied":
                raise CommandFailed("The sign-in was refused at the identity provider.") from None
            elif error.code == "expired_token":
                break
            elif error.code != "authorization_pending":
                raise
    raise CommandFailed("The code has expired. Sign in again.")


def _user_code(authorization: dict[str, object]) -> UserCode:
    code = UserCode(
        url=printable(authorization.get("verification_uri") or ""),
        code=printable(authorization.get("user_code") or ""),
        complete_url=printable(authorization.get("verification_uri_complete") or ""),
    )
    if not code.code or not transport.is_safe_url(code.url):
        raise CommandFailed("The identity provider did not say which code to enter where.")
    return code if transport.is_safe_url(code.complete_url) else UserCode(code.url, code.code, "")


def _seconds(value: object, default: float) -> float:
    if isinstance(value, int | float) and value > 0:
        return float(min(value, MAX_WAIT))
    return default
