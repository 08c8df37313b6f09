"""The ID token of an open sign-in, refreshed with the identity provider when it is too old for AWS.

A refresh token may work only once, and some providers end the whole sign-in when it comes a second time. So one
request of all processes refreshes at a time: it takes a lease, which is a column and no lock, as no transaction
may stay open while the provider is awaited. Others wait for what it stores.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import pool, signins, time_budget
from accounts.encryption import decrypt, encrypt
from accounts.errors import SignInAgain
from accounts.models import SignIn
from accounts.oidc import discovery, id_tokens, jwt, token_endpoint
from accounts.oidc.errors import GrantRefused, unavailable
from accounts.oidc.token_endpoint import TokenAnswer
from accounts.types import Origin

LEASE = timedelta(seconds=20)
"""Longer than any request may wait for others (`accounts.time_budget`): who holds it has an answer by then."""
MARGIN = timedelta(seconds=30)
"""A token that ends sooner is refreshed: it has to reach AWS."""
AWS_LEEWAY = timedelta(minutes=4)
"""For how long after its end an ID token is still tried where it cannot be refreshed: AWS takes it for 5 minutes.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html"""
_POLL = 0.2
"""Seconds between two looks at what somebody else refreshes."""

TOO_OLD = "signin.id_token_too_old"
ENDED_THERE = "signin.ended_at_provider"


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The tokens of a sign-in as they are stored; their texts differ at each storing."""

    sub: str
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    stored_refresh_token: str = field(repr=False)


def id_token(*, sign_in_id: UUID, origin: Origin, rejected: str = "") -> str:
    """Return the ID token of a sign-in, fresh enough for AWS. It must not leave the server.

    `rejected` is a token that AWS found too old: another one is needed.

    Raises:
        SignInAgain: the sign-in has ended, or its ID token is too old and cannot be refreshed.
        ProviderUnavailable, ProviderMisconfigured: the provider gave no usable answer.
        SignInFailed: its answer is about somebody else, or breaks another rule.
    """
    give_up_at = time.monotonic() + time_budget.left(LEASE.total_seconds())
    while True:
        tokens, now = _stored(sign_in_id), timezone.now()
        usable = tokens.id_token if tokens.id_token != rejected else ""
        if usable and now < _end_of(usable) - MARGIN:
            return usable
        if not tokens.refresh_token:
            if usable and now < _end_of(usable) + AWS_LEEWAY:
                return usable
            raise _too_old(sign_in_id, "and the identity provider gave no refresh token")
        if _takes_lease(sign_in_id, tokens, now):
            return _refreshed(sign_in_id, tokens, origin)
        if time.monotonic() >= give_up_at:
            raise unavailable("another request is still refreshing the tokens of this sign-in")
        pool.give_back()
        time.sleep(_POLL)


def _stored(sign_in_id: UUID) -> _Tokens:
    """Return the tokens of a sign-in that is open."""
    now = timezone.now()
    row = (
        SignIn.objects.filter(pk=sign_in_id, ended_at=None, expires_at__gt=now)
        .values_list("person__sub", "encrypted_id_token", "encrypted_refresh_token")
        .first()
    )
    if row is None:
        raise SignInAgain(
            "Your sign-in has ended. Sign in again.", f"sign-in {sign_in_id} is not open"
        )
    sub, sealed_id_token, sealed_refresh_token = row
    return _Tokens(
        sub=sub,
        id_token=decrypt(sealed_id_token),
        refresh_token=decrypt(sealed_refresh_token),
        stored_refresh_token=sealed_refresh_token,
    )


def _end_of(token: str) -> datetime:
    """Return when a stored ID token ends; it was verified when it came."""
    return datetime.fromtimestamp(int(jwt.parse(token).unverified_claims["exp"]), tz=UTC)


def _takes_lease(sign_in_id: UUID, tokens: _Tokens, now: datetime) -> bool:
    """Whether this request is the one that refreshes these tokens, until LEASE is over."""
    free = Q(refreshing_until=None) | Q(refreshing_until__lte=now)
    return bool(
        _holding(sign_in_id, tokens.stored_refresh_token)
        .filter(free)
        .update(refreshing_until=now + LEASE)
    )


def _refreshed(sign_in_id: UUID, tokens: _Tokens, origin: Origin) -> str:
    """Refresh with the provider and return the new ID token. The caller holds the lease."""
    sealed = tokens.stored_refresh_token
    try:
        answer = token_endpoint.refresh(tokens.refresh_token)
        # First of all: the old one may be worth nothing any more.
        sealed = _store_refresh_token(sign_in_id, tokens, answer)
        return _store_id_token(sign_in_id, tokens, answer, sealed)
    except GrantRefused as refused:
        raise _ended_there(sign_in_id, refused, origin) from None
    finally:
        _holding(sign_in_id, sealed).update(refreshing_until=None)


def _store_refresh_token(sign_in_id: UUID, tokens: _Tokens, answer: TokenAnswer) -> str:
    """Store the new refresh token, if there is one, and return how it is stored. A sign-in that has ended stays without."""
    if answer.refresh_token in ("", tokens.refresh_token):
        return tokens.stored_refresh_token
    sealed = encrypt(answer.refresh_token)
    held = _holding(sign_in_id, tokens.stored_refresh_token)
    if not held.update(encrypted_refresh_token=sealed):
        raise SignInAgain(
            "Your sign-in has ended. Sign in again.",
            f"sign-in {sign_in_id} ended while its tokens were refreshed",
        )
    return sealed


def _store_id_token(sign_in_id: UUID, tokens: _Tokens, answer: TokenAnswer, sealed: str) -> str:
    if not answer.id_token:
        raise _too_old(sign_in_id, "and the identity provider sends no new one at a refresh")
    id_tokens.verify_refreshed(
        answer.id_token,
        previous=tokens.id_token,
        sub=tokens.sub,
        provider=discovery.provider(),
        client_id=settings.OIDC_RP_CLIENT_ID,
        algorithm=settings.OIDC_RP_SIGN_ALGO,
        access_token=answer.access_token,
        now=timezone.now(),
    )
    if not _holding(sign_in_id, sealed).update(encrypted_id_token=encrypt(answer.id_token)):
        raise SignInAgain(
            "Your sign-in has ended. Sign in again.",
            f"sign-in {sign_in_id} ended while its tokens were refreshed",
        )
    return answer.id_token


def _holding(sign_in_id: UUID, stored_refresh_token: str) -> QuerySet[SignIn]:
    """The row, if it is open and still has this refresh token: what has ended in the meantime gets no tokens again."""
    return SignIn.objects.filter(
        pk=sign_in_id, ended_at=None, encrypted_refresh_token=stored_refresh_token
    )


def _ended_there(sign_in_id: UUID, refused: GrantRefused, origin: Origin) -> SignInAgain:
    """End the sign-in: the provider has ended its session, or the person is disabled or gone."""
    sign_in = SignIn.objects.select_related("person").get(pk=sign_in_id)
    signins.end(
        sign_in=sign_in,
        reason="the identity provider no longer renews it",
        origin=origin,
        now=timezone.now(),
    )
    return SignInAgain(
        "Your identity provider has ended your sign-in. Sign in again.",
        f"the identity provider refused to refresh sign-in {sign_in_id}: {refused.admin_message}",
        code=ENDED_THERE,
    )


def _too_old(sign_in_id: UUID, why: str) -> SignInAgain:
    return SignInAgain(
        "Your sign-in is too old for this account. Sign out of this portal and sign in again.",
        f"the ID token of sign-in {sign_in_id} is too old for AWS, {why}",
        code=TOO_OLD,
    )
