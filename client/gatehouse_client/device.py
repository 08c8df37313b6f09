"""Sign in with the browser of another machine: the device authorization grant (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gatehouse_client import web
from gatehouse_client.errors import Failed, plain
from gatehouse_client.provider import Granted, Proof, Provider, Refused

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL, SLOWER = 5.0, 5.0
LONGEST = 1800.0
"""Seconds to wait for somebody at most, whatever the provider says."""


@dataclass(frozen=True, slots=True)
class Code:
    """What somebody has to do elsewhere."""

    address: str
    code: str
    complete: str


def sign_in(
    found: Provider,
    *,
    show: Callable[[Code], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Granted:
    """Ask for a code, show it, and wait until somebody has entered it.

    Raises:
        Failed: the provider knows no such sign-in, somebody said no, or nobody came in time.
    """
    if not (endpoint := found.endpoint("device_authorization_endpoint")):
        raise Failed(
            "The identity provider has no sign-in by code. Sign in where there is a browser, or "
            "give this machine a token: GATEHOUSE_TOKEN."
        )
    # Some providers ask for PKCE here too; for the others it is a parameter they do not know.
    proof = Proof()
    answer = web.ask(endpoint, form={**found.asked(), **proof.parameters})
    asked = answer.json()
    if answer.status != 200:
        raise Refused(
            str(asked.get("error", answer.status)), str(asked.get("error_description") or "")
        )
    device_code, code = asked.get("device_code"), _code(asked)
    if not isinstance(device_code, str) or not device_code:
        raise Failed("The identity provider gave no device code.")
    show(code)
    interval = max(1.0, _number(asked.get("interval"), INTERVAL))
    left = _number(asked.get("expires_in"), LONGEST)
    while left > 0:
        pause = min(interval, left)
        sleep(pause)
        left -= pause
        try:
            return found.grant(
                grant_type=GRANT, device_code=device_code, code_verifier=proof.verifier
            )
        except web.TimedOut:
            interval *= 2  # RFC 8628 section 3.5.
        except Refused as error:
            if error.code == "slow_down":
                interval += SLOWER
            elif error.code == "access_denied":
                raise Failed("The sign-in was refused at the identity provider.") from None
            elif error.code == "expired_token":
                break
            elif error.code != "authorization_pending":
                raise
    raise Failed("The code has expired. Begin again.")


def _code(asked: dict[str, object]) -> Code:
    code = Code(
        address=plain(asked.get("verification_uri") or ""),
        code=plain(asked.get("user_code") or ""),
        complete=plain(asked.get("verification_uri_complete") or ""),
    )
    if not code.code or not web.is_safe(code.address):
        raise Failed("The identity provider did not say where to enter which code.")
    return code if web.is_safe(code.complete) else Code(code.address, code.code, "")


def _number(value: object, otherwise: float) -> float:
    if isinstance(value, int | float) and value > 0:
        return float(min(value, LONGEST))
    return otherwise
