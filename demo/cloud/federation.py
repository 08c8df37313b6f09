"""The console's federation endpoint as AWS documents it: keys give a sign-in token, the token opens one session.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from moto.sts.models import sts_backends

from accounts.aws.limits import DEFAULT_SESSION
from demo.cloud import callers
from demo.cloud.answers import Refused
from demo.cloud.token_service import TokenService

TOKEN_LIFETIME = 15 * 60
SHORTEST, LONGEST = 15 * 60, 12 * 60 * 60


class FederationError(Exception):
    """The endpoint answers 400; the message says more than AWS's does."""


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """A console session; `expires_at` is in seconds since 1970."""

    arn: str
    account_id: str
    expires_at: float


@dataclass(slots=True)
class Cloud:
    """What the embedded AWS knows: its sessions and the unused sign-in tokens.

    `chained` refuses SessionDuration, as AWS does with chained keys. `trusting` lets everybody assume any role,
    whether it exists or not, as moto does: for tests of something else.
    """

    chained: bool = False
    trusting: bool = False
    tokens: TokenService = field(default_factory=TokenService)
    signed_in_with: str = ""
    """The ARN of the role that people are signed in to the console with, before they switch to another."""
    unused_tokens: dict[str, tuple[ConsoleSession, float]] = field(default_factory=dict, repr=False)

    def sign_in_token(self, *, session: str, duration: str | None) -> str:
        """Exchange keys, as JSON, for a token that works once, within 15 minutes.

        Raises:
            FederationError: the keys are wrong or expired, or the duration is not allowed.
        """
        role = _assumed_role(session)
        expires_at = role.expiration.replace(tzinfo=UTC).timestamp()
        if expires_at < time.time():
            raise FederationError("The keys have expired.")
        if duration is not None:
            expires_at = time.time() + self._seconds(duration)
        token = secrets.token_urlsafe(48)
        opened = ConsoleSession(role.arn, role.account_id, expires_at)
        self.unused_tokens[token] = (opened, time.time() + TOKEN_LIFETIME)
        return token

    def open_console(self, token: str) -> ConsoleSession:
        """Open the session of a sign-in token, which then no longer works.

        Raises:
            FederationError: it is unknown, used or expired.
        """
        opened, good_until = self.unused_tokens.pop(token, (None, 0.0))
        if opened is None or time.time() > good_until:
            raise FederationError("This sign-in link was used before, or is older than 15 minutes.")
        return opened

    def switch_role(self, account_id: str, role_name: str) -> ConsoleSession:
        """Open a session with a role for whoever is signed in to the console; `role_name` has its path in front.

        Raises:
            FederationError: the role does not exist or does not trust them, or nobody is signed in.
        """
        form = {
            "RoleArn": f"arn:aws:iam::{account_id}:role/{role_name}",
            "RoleSessionName": "somebody",
        }
        try:
            caller = callers.in_role(self.signed_in_with, "somebody")
            arn = self.tokens.assume_role(form, caller)["AssumedRoleUser"]["Arn"]
        except Refused as refused:
            raise FederationError(f"{refused.message} ({refused.why})") from None
        return ConsoleSession(arn, account_id, time.time() + DEFAULT_SESSION)

    def _seconds(self, duration: str) -> int:
        if self.chained:
            raise FederationError("SessionDuration is not accepted with keys from role chaining.")
        if not duration.isdecimal() or not SHORTEST <= int(duration) <= LONGEST:
            raise FederationError(f"SessionDuration must be from {SHORTEST} to {LONGEST} seconds.")
        return int(duration)


def _assumed_role(session: str) -> Any:
    """Return moto's record of the assumed role of these keys."""
    try:
        keys = json.loads(session)
        key_id, secret, token = (
            keys[part].encode() for part in ("sessionId", "sessionKey", "sessionToken")
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        raise FederationError(
            "Session must be JSON with sessionId, sessionKey, sessionToken."
        ) from None
    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            role = backend.get_assumed_role_from_access_key(key_id.decode())
            if (
                role is not None
                and hmac.compare_digest(role.secret_access_key.encode(), secret)
                and hmac.compare_digest(role.session_token.encode(), token)
            ):
                return role
    raise FederationError("AWS does not know these keys.")
