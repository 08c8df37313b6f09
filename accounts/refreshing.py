"""What the identity provider says now of the person of an open sign-in: by a refresh token, or by userinfo.

It is asked when the claims are too old to issue anything by them, or the ID token is too old for AWS. A refresh token may work only once, and some providers end the whole sign-in when it comes a second time. So one
request of all processes refreshes at a time: it takes a lease, which is a column and no lock, as no transaction
may stay open while the provider is awaited. Others wait for what it stores.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import pool, signins, time_budget
from accounts.encryption import decrypt, encrypt
from accounts.errors import SignInAgain, VerifyAgain
from accounts.messages import Message
from accounts.models import SignIn
from accounts.models.signins import EndedBy, Verification
from accounts.oidc import discovery, group_sources, id_tokens, jwt, token_endpoint, userinfo
from accounts.oidc.errors import GrantRefused, ProviderMisconfigured, UserinfoRefused, unavailable
from accounts.oidc.subjects import PROTOCOL_CLAIMS, merge_userinfo, subject
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

    issuer: str
    sub: str
    verification: str
    verified_at: datetime
    claims: dict[str, Any] = field(repr=False)
    access_token: str = field(repr=False)
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
        if usable := _usable(tokens, rejected, now, before_its_end=MARGIN):
            return usable
        if not tokens.refresh_token:
            if usable := _usable(tokens, rejected, now, before_its_end=-AWS_LEEWAY):
                return usable
            raise _too_old(sign_in_id, "and the identity provider gave no refresh token")
        if _takes_lease(sign_in_id, tokens, now):
            tokens = _stored(sign_in_id)
            if usable := _usable(tokens, rejected, now, before_its_end=MARGIN):
                # Another request has refreshed them between the look and the lease.
                _give_back_lease(sign_in_id, tokens.stored_refresh_token)
                return usable
            if refreshed := _ask(sign_in_id, tokens, origin, by_userinfo=False):
                return refreshed
            raise _too_old(sign_in_id, "and the identity provider sends no new one at a refresh")
        _wait(give_up_at)


def verify_claims(*, sign_in_id: UUID, not_before: datetime, origin: Origin) -> None:
    """Have the provider say anew who the person of a sign-in is, unless it did so after `not_before`.

    Raises:
        VerifyAgain: only the person's browser can bring that about.
        SignInAgain: the sign-in has ended, here or at the provider.
        ProviderUnavailable, ProviderMisconfigured: the provider gave no usable answer.
        SignInFailed: its answer is about somebody else, or breaks another rule.
    """
    give_up_at = time.monotonic() + time_budget.left(LEASE.total_seconds())
    while True:
        tokens = _stored(sign_in_id)
        if tokens.verified_at > not_before:
            return
        if not _can_be_asked(tokens):
            raise _verify_again(sign_in_id)
        if _takes_lease(sign_in_id, tokens, timezone.now()):
            tokens = _stored(sign_in_id)
            if tokens.verified_at > not_before:
                # Another request has asked between the look and the lease.
                _give_back_lease(sign_in_id, tokens.stored_refresh_token)
                return
            by_userinfo = tokens.verification == Verification.USERINFO
            _ask(sign_in_id, tokens, origin, by_userinfo=by_userinfo)
            if _stored(sign_in_id).verified_at <= not_before:
                raise _verify_again(sign_in_id)
            return
        _wait(give_up_at)


def _can_be_asked(tokens: _Tokens) -> bool:
    if tokens.verification == Verification.REFRESH:
        return bool(tokens.refresh_token)
    return tokens.verification == Verification.USERINFO and bool(tokens.access_token)


def _wait(give_up_at: float) -> None:
    """Wait a moment for what another request gets from the provider; raises ProviderUnavailable in the end."""
    if time.monotonic() >= give_up_at:
        raise unavailable("another request is still verifying this sign-in")
    pool.give_back()
    time.sleep(_POLL)


def _stored(sign_in_id: UUID) -> _Tokens:
    """Return the tokens of a sign-in that is open."""
    now = timezone.now()
    row = (
        SignIn.objects.open_at(now)
        .filter(pk=sign_in_id)
        .values(
            "person__issuer",
            "person__sub",
            "verification",
            "verified_at",
            "claims",
            "encrypted_id_token",
            "encrypted_refresh_token",
            "encrypted_access_token",
        )
        .first()
    )
    if row is None:
        raise SignInAgain(
            Message("Your sign-in has ended. Sign in again."), f"sign-in {sign_in_id} is not open"
        )
    return _Tokens(
        issuer=row["person__issuer"],
        sub=row["person__sub"],
        verification=row["verification"],
        verified_at=row["verified_at"],
        claims=row["claims"],
        access_token=decrypt(row["encrypted_access_token"]),
        id_token=decrypt(row["encrypted_id_token"]),
        refresh_token=decrypt(row["encrypted_refresh_token"]),
        stored_refresh_token=row["encrypted_refresh_token"],
    )


def _usable(tokens: _Tokens, rejected: str, now: datetime, *, before_its_end: timedelta) -> str:
    """Return the ID token if it ends later than this after now; "" if not, or if AWS has rejected it."""
    token = tokens.id_token
    usable = token not in ("", rejected) and now < _end_of(token) - before_its_end
    return token if usable else ""


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


def _give_back_lease(sign_in_id: UUID, stored_refresh_token: str) -> None:
    _holding(sign_in_id, stored_refresh_token).update(refreshing_until=None)


def _ask(sign_in_id: UUID, tokens: _Tokens, origin: Origin, *, by_userinfo: bool) -> str:
    """Ask the provider, store what it says, and return the new ID token; "" if there is none. The caller holds the lease."""
    sealed = tokens.stored_refresh_token
    try:
        if discovery.provider().issuer != tokens.issuer:
            raise _verify_again(sign_in_id)
        if by_userinfo:
            _store_claims(sign_in_id, tokens, _by_userinfo(sign_in_id, tokens), sealed, origin)
            return ""
        answer = token_endpoint.refresh(tokens.refresh_token)
        # First of all: the old one may be worth nothing any more.
        sealed = _store_refresh_token(sign_in_id, tokens, answer)
        claims = _refreshed_claims(tokens, answer)
        _store_claims(sign_in_id, tokens, claims, sealed, origin, id_token=answer.id_token)
        return answer.id_token
    except GrantRefused as refused:
        raise _ended_there(sign_in_id, refused, origin) from None
    finally:
        _give_back_lease(sign_in_id, sealed)


def _refreshed_claims(tokens: _Tokens, answer: TokenAnswer) -> dict[str, Any]:
    """Return what a refresh says of the person; {} if it says nothing by which access can be given."""
    now = timezone.now()
    if not answer.id_token:
        try:
            return _claims_of_userinfo(tokens, answer.access_token, now)
        except ProviderMisconfigured:
            return {}
    verified = id_tokens.verify_refreshed(
        answer.id_token,
        previous=tokens.id_token,
        sub=tokens.sub,
        provider=discovery.provider(),
        client_id=settings.OIDC_RP_CLIENT_ID,
        algorithm=settings.OIDC_RP_SIGN_ALGO,
        access_token=answer.access_token,
        now=now,
    )
    more = userinfo.beside(verified, access_token=answer.access_token, now=now)
    # A refreshed ID token may leave out how and when somebody signed in (section 12.2): that has not changed.
    return group_sources.completed(
        merge_userinfo({**_of_protocol(tokens.claims), **verified}, more)
    )


def _by_userinfo(sign_in_id: UUID, tokens: _Tokens) -> dict[str, Any]:
    """Return what userinfo says of the person, {} if that does not suffice; forget an access token that it refuses."""
    try:
        return _claims_of_userinfo(tokens, tokens.access_token, timezone.now())
    except UserinfoRefused:
        # It has expired, or the person is disabled: the provider tells no difference, but the browser will.
        _holding(sign_in_id, tokens.stored_refresh_token).update(encrypted_access_token="")
        return {}


def _claims_of_userinfo(tokens: _Tokens, access_token: str, now: datetime) -> dict[str, Any]:
    """Return userinfo's claims in place of all that were there: what it no longer says no longer counts."""
    claims = userinfo.ask(access_token, sub=tokens.sub) if access_token else {}
    if not userinfo.suffices(claims, now=now):
        return {}
    return group_sources.completed(merge_userinfo(_of_protocol(tokens.claims), claims))


def _of_protocol(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name in PROTOCOL_CLAIMS}


def _store_refresh_token(sign_in_id: UUID, tokens: _Tokens, answer: TokenAnswer) -> str:
    """Store the new refresh token, if there is one, and return how it is stored. A sign-in that has ended stays without."""
    if answer.refresh_token in ("", tokens.refresh_token):
        return tokens.stored_refresh_token
    sealed = encrypt(answer.refresh_token)
    held = _holding(sign_in_id, tokens.stored_refresh_token)
    if not held.update(encrypted_refresh_token=sealed):
        raise SignInAgain(
            Message("Your sign-in has ended. Sign in again."),
            f"sign-in {sign_in_id} ended while its tokens were refreshed",
        )
    return sealed


def _store_claims(
    sign_in_id: UUID,
    tokens: _Tokens,
    claims: dict[str, Any],
    sealed: str,
    origin: Origin,
    *,
    id_token: str = "",
) -> None:
    """Store claims, if the provider said any, and the ID token that they came in."""
    if not claims:
        return
    if not signins.store_verified(
        _holding(sign_in_id, sealed),
        subject=subject(issuer=tokens.issuer, claims=claims),
        origin=origin,
        now=timezone.now(),
        columns={"encrypted_id_token": encrypt(id_token)} if id_token else {},
    ):
        raise SignInAgain(
            Message("Your sign-in has ended. Sign in again."),
            f"sign-in {sign_in_id} ended while its tokens were refreshed",
        )


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
        ended_by=EndedBy.PROVIDER,
        origin=origin,
        now=timezone.now(),
    )
    return SignInAgain(
        Message("Your identity provider has ended your sign-in. Sign in again."),
        f"the identity provider refused to refresh sign-in {sign_in_id}: {refused.admin_message}",
        code=ENDED_THERE,
    )


def _too_old(sign_in_id: UUID, why: str) -> SignInAgain:
    return SignInAgain(
        Message(
            "Your sign-in is too old for this account. Sign out of this portal and sign in again."
        ),
        f"the ID token of sign-in {sign_in_id} is too old for AWS, {why}",
        code=TOO_OLD,
    )


def _verify_again(sign_in_id: UUID) -> VerifyAgain:
    return VerifyAgain(
        Message("Your sign-in has to be confirmed by your identity provider. Sign in again."),
        f"the claims of sign-in {sign_in_id} are too old, and only a browser can renew them",
    )
