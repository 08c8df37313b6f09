"""The console's sign-in as AWS documents it: keys become a sign-in token, the token opens one session.

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

TOKEN_LIFETIME = 15 * 60
SHORTEST, LONGEST = 15 * 60, 12 * 60 * 60


class Refused(Exception):
    """The endpoint answers 400; the text says why, more openly than AWS does."""


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """Who a console session belongs to, and until when, in seconds since 1970."""

    arn: str
    account_id: str
    expires_at: float


@dataclass(slots=True)
class Cloud:
    """The sign-in tokens that are waiting to be used; `chained` refuses SessionDuration."""

    chained: bool = False
    waiting: dict[str, tuple[ConsoleSession, float]] = field(default_factory=dict, repr=False)

    def sign_in_token(self, *, session: str, duration: str | None) -> str:
        """Exchange keys, as JSON, for a token that is good once within 15 minutes.

        Raises:
            Refused: the keys are wrong or out of date, or the duration cannot be.
        """
        role = _assumed_role(session)
        expires_at = role.expiration.replace(tzinfo=UTC).timestamp()
        if expires_at < time.time():
            raise Refused("The keys have expired.")
        if duration is not None:
            expires_at = time.time() + self._seconds(duration)
        token = secrets.token_urlsafe(48)
        opened = ConsoleSession(role.arn, role.account_id, expires_at)
        self.waiting[token] = (opened, time.time() + TOKEN_LIFETIME)
        return token

    def open_console(self, token: str) -> ConsoleSession:
        """Use up a sign-in token.

        Raises:
            Refused: nobody was given it, it was used, or its time is over.
        """
        opened, good_until = self.waiting.pop(token, (None, 0.0))
        if opened is None or time.time() > good_until:
            raise Refused("This sign-in link was used already, or is older than 15 minutes.")
        return opened

    def _seconds(self, duration: str) -> int:
        if self.chained:
            raise Refused("SessionDuration is not accepted with keys from role chaining.")
        if not duration.isdecimal() or not SHORTEST <= int(duration) <= LONGEST:
            raise Refused(f"SessionDuration must be from {SHORTEST} to {LONGEST} seconds.")
        return int(duration)


def _assumed_role(session: str) -> Any:
    """Return moto's record of the role that these keys were issued for."""
    try:
        keys = json.loads(session)
        key_id, secret, token = (
            keys[part].encode() for part in ("sessionId", "sessionKey", "sessionToken")
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Refused("Session must be JSON with sessionId, sessionKey, sessionToken.") from None
    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            role = backend.get_assumed_role_from_access_key(key_id.decode())
            if (
                role is not None
                and hmac.compare_digest(role.secret_access_key.encode(), secret)
                and hmac.compare_digest(role.session_token.encode(), token)
            ):
                return role
    raise Refused("AWS does not know these keys.")
