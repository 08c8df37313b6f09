"""Let a command line in through the browser of the same machine: authorization code with PKCE.

RFC 6749 section 4.1, RFC 7636 and RFC 8252. The code comes back to an address of the machine itself.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import transaction

from accounts import audit, bearer_secrets, signins
from accounts.models import Approval, SignIn
from accounts.models.audit import Action
from accounts.models.sso import Flow
from accounts.sso import tokens
from accounts.sso.refusals import Refused, Why
from accounts.sso.registrations import SCOPE, Client, Grant, comes_back_to, known
from accounts.storable import storable
from accounts.types import Origin

LIFETIME = timedelta(minutes=1)
LONGEST_STATE = 128
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be let in that can be put to somebody."""

    client: Client
    redirect_uri: str
    state: str
    code_challenge: str


def asked(
    *,
    client_id: str,
    response_type: str,
    redirect_uri: str,
    state: str,
    code_challenge_method: str,
    code_challenge: str,
    scopes: str,
    now: datetime,
) -> Asked:
    """Return the request, if it is one that may be granted. Nobody is ever sent back with less.

    Raises:
        Refused: the client, the address to come back to, or the rest is not as it must be.
    """
    client = known(client_id=client_id, now=now)
    client.may(Grant.CODE)
    if not comes_back_to(client, redirect_uri):
        raise Refused(
            Why.REDIRECT,
            "The program that sent you wants its answer somewhere else than on this machine. "
            "Nothing was given to it.",
            "the redirect URI is not the registered one",
        )
    if response_type != "code" or code_challenge_method != "S256":
        raise _malformed("only code, and only with S256")
    if _CHALLENGE.fullmatch(code_challenge) is None or not 0 < len(state) <= LONGEST_STATE:
        raise _malformed("code_challenge or state")
    if not set(scopes.split()) <= {SCOPE}:
        raise Refused(Why.SCOPE, f"A program can ask here for {SCOPE} only.")
    return Asked(client, redirect_uri, state, code_challenge)


def allow(*, sign_in: SignIn, asked: Asked, origin: Origin, now: datetime) -> str:
    """Let the command line in, record it, and return the code: good once, for a minute.

    Raises:
        SignInAgain: the sign-in is not open any more.
    """
    sign_in = signins.standing(sign_in_id=sign_in.id, now=now)
    code = bearer_secrets.generate()
    with transaction.atomic():
        approval = Approval.objects.create(
            flow=Flow.BROWSER,
            sign_in=sign_in,
            client=asked.client.digest,
            client_name=storable(asked.client.name),
            refreshable=Grant.REFRESH in asked.client.grants,
            digest=bearer_secrets.digest(code),
            redirect_uri=asked.redirect_uri,
            code_challenge=asked.code_challenge,
            asked_at=now,
            asked_from=storable(origin.ip)[:45],
            expires_at=now + LIFETIME,
            approved_at=now,
        )
        audit.record(
            action=Action.CLI_ALLOWED,
            now=now,
            origin=origin,
            subject=signins.subject_of(sign_in),
            detail=tokens.facts(approval),
        )
    return code


def deny(*, sign_in: SignIn, asked: Asked, origin: Origin, now: datetime) -> None:
    """Record that somebody turned a command line away."""
    audit.record(
        action=Action.CLI_DENIED,
        now=now,
        origin=origin,
        subject=signins.subject_of(sign_in),
        detail={
            "object": f"command line {asked.client.name}",
            "client": asked.client.name,
            "flow": Flow.BROWSER.value,
            "sign_in": str(sign_in.id),
        },
    )


def redeem(
    *,
    client: Client,
    code: str,
    redirect_uri: str,
    code_verifier: str,
    origin: Origin,
    now: datetime,
) -> tokens.Issued:
    """Give tokens for a code, to the client that has what its challenge was made from.

    Raises:
        Refused: the code is none of this client, was used or is too old, or does not match the rest.
    """
    client.may(Grant.CODE)
    approval = _find(code)
    if approval is None or approval.client != client.digest:
        raise _refused("a code is unknown, or another client's")
    if approval.redeemed_at is not None:
        raise tokens.stolen(approval, origin=origin, now=now)
    if now >= approval.expires_at:
        raise _refused("a code has expired")
    if redirect_uri != approval.redirect_uri or not _fits(code_verifier, approval.code_challenge):
        raise _refused("a code came with another redirect URI or verifier")
    return tokens.redeem(approval=approval, origin=origin, now=now)


def _find(code: str) -> Approval | None:
    if not bearer_secrets.is_well_formed(code):
        return None
    waiting = Approval.objects.select_related("sign_in__person")
    return waiting.filter(digest=bearer_secrets.digest(code), flow=Flow.BROWSER).first()


def _fits(code_verifier: str, code_challenge: str) -> bool:
    """Whether a verifier is what a challenge was made from (RFC 7636 section 4.6)."""
    if _VERIFIER.fullmatch(code_verifier) is None:
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest())
    return compare_digest(made.rstrip(b"="), code_challenge.encode())


def _malformed(what: str) -> Refused:
    return Refused(
        Why.REQUEST,
        "The program that sent you asks in a way that this portal does not take. Update the AWS CLI.",
        f"the request to be let in breaks a rule: {what}",
    )


def _refused(why: str) -> Refused:
    return Refused(Why.GRANT, "This sign-in cannot be finished. Run aws sso login again.", why)
