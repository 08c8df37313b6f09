"""The saved sign-in at a portal: its tokens in a private file, refreshed when due, revoked at sign-out."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from gatehouse_client import private_files, provider, settings
from gatehouse_client.errors import CommandFailed, NotSignedIn
from gatehouse_client.portal import SignInSettings
from gatehouse_client.provider import OAuthError, TokenResponse

LEEWAY = 30
"""Seconds before its expiry that a token is refreshed: it must last for a request, with clocks that differ."""


@dataclass(frozen=True, slots=True)
class SavedSignIn:
    """A sign-in at a portal; `expires_at` is in seconds since 1970."""

    portal: str
    settings: SignInSettings
    bearer: str = field(repr=False)
    expires_at: float
    refresh_token: str = field(default="", repr=False)

    @property
    def is_fresh(self) -> bool:
        return time.time() < self.expires_at - LEEWAY


def from_tokens(
    portal: str, sign_in_settings: SignInSettings, tokens: TokenResponse, *, refresh_token: str = ""
) -> SavedSignIn:
    """Return the sign-in of new tokens; `refresh_token` is kept if they hold no new one."""
    return SavedSignIn(
        portal=portal,
        settings=sign_in_settings,
        bearer=tokens.bearer,
        expires_at=time.time() + tokens.lifetime,
        refresh_token=tokens.refresh_token or refresh_token,
    )


def save(sign_in: SavedSignIn) -> None:
    """Write a sign-in to its file, after any refresh in progress, and make its portal the default."""
    with private_files.locked(settings.sign_in_file(sign_in.portal)):
        _write(sign_in)
    settings.remember_portal(sign_in.portal)


def bearer_source(portal: str) -> Callable[[bool], str]:
    """Return a function that gives the bearer token for the portal: a machine's, or that of the sign-in.

    It is called with True when the portal has refused the token it gave before.
    """
    if machine := settings.machine_token():
        return lambda refused: "" if refused else machine

    given = ""

    def give(refused: bool) -> str:
        nonlocal given
        given = _current(portal, refused=given if refused else "").bearer
        return given

    return give


def end(portal: str) -> bool:
    """Remove the saved sign-in and revoke its tokens; return whether the provider revoked them.

    Raises:
        NotSignedIn: there is none.
        CommandFailed: the file cannot be removed.
    """
    with private_files.locked(settings.sign_in_file(portal)):
        sign_in = _read(portal)
        settings.sign_in_file(portal).unlink(missing_ok=True)
    with contextlib.suppress(CommandFailed):
        return provider.discover(sign_in.settings).revoke(sign_in.refresh_token or sign_in.bearer)
    return False


def _current(portal: str, *, refused: str = "") -> SavedSignIn:
    """Return the sign-in with a token that is fresh and is not `refused`.

    A refresh token that rotates works once. So one process refreshes at a time, and the others read
    what it wrote: a provider ends the whole sign-in when it sees one twice (RFC 9700 section 4.14.2).

    Raises:
        NotSignedIn: there is no sign-in, or the provider has ended it.
    """
    sign_in = _read(portal)
    if sign_in.is_fresh and sign_in.bearer != refused:
        return sign_in
    with private_files.locked(settings.sign_in_file(portal)):
        sign_in = _read(portal)
        if sign_in.is_fresh and sign_in.bearer != refused:
            return sign_in
        if not sign_in.refresh_token:
            raise _ended(portal)
        try:
            tokens = provider.discover(sign_in.settings).request_tokens(
                grant_type="refresh_token", refresh_token=sign_in.refresh_token
            )
        except OAuthError as error:
            if error.code != "invalid_grant":
                raise
            settings.sign_in_file(portal).unlink(missing_ok=True)
            raise _ended(portal) from None
        refreshed = from_tokens(
            portal, sign_in.settings, tokens, refresh_token=sign_in.refresh_token
        )
        _write(refreshed)
        return refreshed


def _ended(portal: str) -> NotSignedIn:
    return NotSignedIn(f"Your sign-in at {portal} has ended. Run: gatehouse login {portal}")


def _write(sign_in: SavedSignIn) -> None:
    private_files.write(
        settings.sign_in_file(sign_in.portal), json.dumps(asdict(sign_in), indent=2)
    )


def _read(portal: str) -> SavedSignIn:
    path = settings.sign_in_file(portal)
    text = private_files.read(path)
    if text is None:
        raise NotSignedIn(f"You are not signed in at {portal}. Run: gatehouse login {portal}")
    try:
        saved: dict[str, Any] = json.loads(text)
        scopes = tuple(saved["settings"]["scopes"])
        sign_in = SavedSignIn(
            **{
                **saved,
                "settings": SignInSettings(**{**saved["settings"], "scopes": scopes}),
                "expires_at": float(saved["expires_at"]),
            }
        )
    except (ValueError, KeyError, TypeError):
        raise CommandFailed(f"{path} is damaged. Remove it, and sign in again.") from None
    if sign_in.portal != portal:
        raise CommandFailed(f"{path} is for {sign_in.portal}. Remove it, and sign in again.")
    return sign_in
