"""Who is signed in at a portal: the tokens, kept in a private file, refreshed, given back."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from gatehouse_client import places, private, provider
from gatehouse_client.errors import Failed, NotSignedIn
from gatehouse_client.portal import Facts
from gatehouse_client.provider import Granted, Refused

LEEWAY = 30
"""Seconds before its end that a token is renewed: it has to last for a request, with clocks that differ."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in at a portal; `expires_at` is in seconds since 1970."""

    portal: str
    facts: Facts
    bearer: str = field(repr=False)
    expires_at: float
    refresh_token: str = field(default="", repr=False)

    @property
    def is_fresh(self) -> bool:
        """Whether its token is good for a while."""
        return time.time() < self.expires_at - LEEWAY


def begun(portal: str, facts: Facts, granted: Granted, *, before: str = "") -> SignIn:
    """Return a sign-in as the provider granted it; without a new refresh token the one before is kept."""
    return SignIn(
        portal=portal,
        facts=facts,
        bearer=granted.bearer,
        expires_at=time.time() + granted.lifetime,
        refresh_token=granted.refresh_token or before,
    )


def keep(sign_in: SignIn) -> None:
    """Write a sign-in to its file; whoever refreshes the one before is waited for."""
    with private.locked(places.kept(sign_in.portal)):
        _write(sign_in)
    places.remember(sign_in.portal)


def bearer(portal: str) -> Callable[[bool], str]:
    """Return what gives the token to show the portal: a machine's, or that of the sign-in, refreshed in time."""
    if machine := places.machine_token():
        return lambda refused: "" if refused else machine

    given = ""

    def give(refused: bool) -> str:
        nonlocal given
        given = _current(portal, but=given if refused else "").bearer
        return given

    return give


def end(portal: str) -> bool:
    """Forget a sign-in, and give its tokens back; whether the provider took them.

    Raises:
        NotSignedIn: there is none.
        Failed: the file cannot be removed.
    """
    with private.locked(places.kept(portal)):
        sign_in = _read(portal)
        places.kept(portal).unlink(missing_ok=True)
    with contextlib.suppress(Failed):
        found = provider.discover(sign_in.facts)
        return found.revoke(sign_in.refresh_token or sign_in.bearer)
    return False


def _current(portal: str, *, but: str = "") -> SignIn:
    """Return the sign-in with a token that is fresh, and is not `but`.

    A refresh token that rotates is good once. So one process at a time refreshes, and the others read
    what it wrote (RFC 9700 section 4.14.2: a provider ends everything when one comes twice).

    Raises:
        NotSignedIn: there is no sign-in, or the provider has ended it.
    """
    sign_in = _read(portal)
    if sign_in.is_fresh and sign_in.bearer != but:
        return sign_in
    with private.locked(places.kept(portal)):
        sign_in = _read(portal)
        if sign_in.is_fresh and sign_in.bearer != but:
            return sign_in
        if not sign_in.refresh_token:
            raise _over(portal)
        try:
            granted = provider.discover(sign_in.facts).grant(
                grant_type="refresh_token", refresh_token=sign_in.refresh_token
            )
        except Refused as error:
            if error.code != "invalid_grant":
                raise
            places.kept(portal).unlink(missing_ok=True)
            raise _over(portal) from None
        renewed = begun(portal, sign_in.facts, granted, before=sign_in.refresh_token)
        _write(renewed)
        return renewed


def _over(portal: str) -> NotSignedIn:
    return NotSignedIn(f"Your sign-in at {portal} is over. Run: gatehouse login {portal}")


def _write(sign_in: SignIn) -> None:
    private.write(places.kept(sign_in.portal), json.dumps(asdict(sign_in), indent=2))


def _read(portal: str) -> SignIn:
    path = places.kept(portal)
    text = private.read(path)
    if text is None:
        raise NotSignedIn(f"You are not signed in at {portal}. Run: gatehouse login {portal}")
    try:
        found: dict[str, Any] = json.loads(text)
        facts = Facts(**{**found["facts"], "scopes": tuple(found["facts"]["scopes"])})
        sign_in = SignIn(**{**found, "facts": facts, "expires_at": float(found["expires_at"])})
    except (ValueError, KeyError, TypeError):
        raise Failed(f"{path} is damaged. Remove it, and sign in again.") from None
    if sign_in.portal != portal:
        raise Failed(f"{path} is of {sign_in.portal}. Remove it, and sign in again.")
    return sign_in
