"""Command-line access through the browser of the same machine: authorization code with PKCE.

RFC 6749 section 4.1, RFC 7636 and RFC 8252. The browser brings the code to an address of its own machine.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import transaction

from accounts import audit, bearer_secrets, reverification, signins
from accounts.models import Approval, SignIn
from accounts.models.audit import Action
from accounts.models.sso import Flow
from accounts.sso import client_tokens, registrations
from accounts.sso.errors import ClientRefused, RefusalReason
from accounts.sso.registrations import SCOPE, Grant, RegisteredClient
from accounts.storable import storable
from accounts.types import Origin

LIFETIME = timedelta(minutes=1)
LONGEST_STATE = 128
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid request for access, about which a person decides."""

    client: RegisteredClient
    redirect_uri: str
    state: str
    code_challenge: str


def parse_request(
    *,
    client_id: str,
    response_type: str,
    redirect_uri: str,
    state: str,
    code_challenge_method: str,
    code_challenge: str,
    scopes: str,
    now: datetime,
) -> AuthorizationRequest:
    """Return a request that may be granted. A wrong one is never redirected to the program.

    Raises:
        ClientRefused: the client, the redirect URI or another parameter is not as it must be.
    """
    client = registrations.get(client_id=client_id, now=now)
    client.check_grant(Grant.CODE)
    if not client.has_registered(redirect_uri):
        raise ClientRefused(
            RefusalReason.REDIRECT,
            "The program that sent you wants its answer somewhere else than on this machine. "
            "Nothing was issued.",
            "the redirect URI is not the registered one",
        )
    if response_type != "code" or code_challenge_method != "S256":
        raise _malformed("only code, and only with S256")
    if _CHALLENGE.fullmatch(code_challenge) is None or not 0 < len(state) <= LONGEST_STATE:
        raise _malformed("code_challenge or state")
    if not set(scopes.split()) <= {SCOPE}:
        raise ClientRefused(RefusalReason.SCOPE, f"A program can ask here for {SCOPE} only.")
    return AuthorizationRequest(client, redirect_uri, state, code_challenge)


def allow(*, sign_in: SignIn, request: AuthorizationRequest, origin: Origin, now: datetime) -> str:
    """Allow access, record it, and return the code: valid once, for a minute.

    Raises:
        SignInAgain: the sign-in is not open any more.
    """
    sign_in = reverification.open_and_verified(sign_in_id=sign_in.id, origin=origin, now=now)
    code = bearer_secrets.generate()
    with transaction.atomic():
        approval = Approval.objects.create(
            flow=Flow.BROWSER,
            sign_in=sign_in,
            client=request.client.digest,
            client_name=storable(request.client.name),
            refreshable=Grant.REFRESH in request.client.grants,
            digest=bearer_secrets.digest(code),
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            requested_at=now,
            requested_from=storable(origin.ip)[:45],
            expires_at=now + LIFETIME,
            approved_at=now,
        )
        audit.record(
            action=Action.CLI_ALLOWED,
            now=now,
            origin=origin,
            subject=signins.subject_of(sign_in),
            detail=client_tokens.facts(approval),
        )
    return code


def deny(*, sign_in: SignIn, request: AuthorizationRequest, origin: Origin, now: datetime) -> None:
    """Record that somebody denied access."""
    audit.record(
        action=Action.CLI_DENIED,
        now=now,
        origin=origin,
        subject=signins.subject_of(sign_in),
        detail={
            "object": f"command line {request.client.name}",
            "client": request.client.name,
            "flow": Flow.BROWSER.value,
            "sign_in": str(sign_in.id),
        },
    )


def redeem(
    *,
    client: RegisteredClient,
    code: str,
    redirect_uri: str,
    code_verifier: str,
    origin: Origin,
    now: datetime,
) -> client_tokens.IssuedTokens:
    """Exchange a code for tokens.

    Raises:
        ClientRefused: the code is unknown, another client's, used, expired, or came with another
            redirect URI or PKCE verifier.
    """
    client.check_grant(Grant.CODE)
    approval = _find(code)
    if approval is None or approval.client != client.digest:
        raise _invalid_code("a code is unknown, or another client's")
    if approval.redeemed_at is not None:
        raise client_tokens.revoke_reused(approval, origin=origin, now=now)
    if now >= approval.expires_at:
        raise _invalid_code("a code has expired")
    if redirect_uri != approval.redirect_uri or not _is_verifier_of(
        code_verifier, approval.code_challenge
    ):
        raise _invalid_code("a code came with another redirect URI or verifier")
    return client_tokens.redeem(approval=approval, origin=origin, now=now)


def _find(code: str) -> Approval | None:
    if not bearer_secrets.is_well_formed(code):
        return None
    approvals = Approval.objects.select_related("sign_in__person")
    return approvals.filter(digest=bearer_secrets.digest(code), flow=Flow.BROWSER).first()


def _is_verifier_of(code_verifier: str, code_challenge: str) -> bool:
    """Whether a challenge was made from this verifier (RFC 7636 section 4.6)."""
    if _VERIFIER.fullmatch(code_verifier) is None:
        return False
    challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest())
    return compare_digest(challenge.rstrip(b"="), code_challenge.encode())


def _malformed(parameter: str) -> ClientRefused:
    return ClientRefused(
        RefusalReason.REQUEST,
        "This portal does not support the request of the program that sent you. Update the AWS CLI.",
        f"the authorization request breaks a rule: {parameter}",
    )


def _invalid_code(admin_message: str) -> ClientRefused:
    return ClientRefused(
        RefusalReason.GRANT,
        "This sign-in cannot be finished. Run aws sso login again.",
        admin_message,
    )
