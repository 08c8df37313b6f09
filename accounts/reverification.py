"""Claims age: nothing is issued by claims that the identity provider has not confirmed for CLAIMS_MAX_AGE.

Asked only when something is about to be issued, never by a timer or to look at a page: at some providers each refresh
keeps the session there alive. While claims are fresh this costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts import durations, refreshing, signins
from accounts.messages import Message
from accounts.models import SignIn
from accounts.models.signins import Verification
from accounts.oidc import userinfo
from accounts.oidc.errors import ProviderUnavailable
from accounts.signins import ProviderTokens
from accounts.types import Origin

DETECT = "detect"
CHOICES = (DETECT, *Verification.values)
"""The values of REVERIFY."""

log = logging.getLogger(__name__)


def detect(
    tokens: ProviderTokens, *, from_userinfo: Mapping[str, Any], now: datetime
) -> Verification:
    """Return how the claims of a sign-in just completed can be verified again, as REVERIFY allows.

    `from_userinfo` is what userinfo said: it is asked again only if it holds each claim that access comes from.
    """
    holds = {
        Verification.REFRESH: bool(tokens.refresh_token),
        Verification.USERINFO: bool(tokens.access_token and from_userinfo)
        and userinfo.suffices(from_userinfo, now=now),
        Verification.SILENT: True,
    }
    chosen = list(holds) if settings.REVERIFY == DETECT else [settings.REVERIFY]
    return next((Verification(one) for one in chosen if holds.get(one)), Verification.NONE)


def open_and_verified(*, sign_in_id: UUID | None, origin: Origin, now: datetime) -> SignIn:
    """Return the sign-in with this id, open and with claims that are young enough to issue something by them.

    Raises:
        VerifyAgain: its claims are too old, and only the person's browser can renew them.
        SignInAgain: it has ended, here or at the provider.
        ProviderUnavailable, ProviderMisconfigured, SignInFailed: the provider gave no usable answer.
    """
    return verified(signins.get_open(sign_in_id=sign_in_id, now=now), origin=origin, now=now)


def verified(sign_in: SignIn, *, origin: Origin, now: datetime) -> SignIn:
    """Return an open sign-in as it is once its claims are young enough; raises as `open_and_verified`."""
    if not is_due(sign_in, now=now):
        return sign_in
    not_before = now - timedelta(seconds=settings.CLAIMS_MAX_AGE)
    try:
        refreshing.verify_claims(sign_in_id=sign_in.pk, not_before=not_before, origin=origin)
    except ProviderUnavailable as error:
        if sign_in.verified_at > not_before - timedelta(seconds=settings.CLAIMS_GRACE):
            log.warning(
                "claims of sign-in %s count for CLAIMS_GRACE: %s", sign_in.pk, error.admin_message
            )
            return sign_in
        raise ProviderUnavailable(
            Message(
                "Your identity provider does not answer as it should, so this portal cannot check that you still have "
                "access. Nothing was issued or changed. Try again in a minute. If it happens again, contact your portal "
                "admins."
            ),
            error.admin_message,
        ) from error
    return signins.get_open(sign_in_id=sign_in.pk, now=now)


def is_due(sign_in: SignIn, *, now: datetime) -> bool:
    """Whether the claims of an open sign-in are too old to issue anything by them."""
    if sign_in.verification == Verification.NONE:
        return False
    return sign_in.verified_at <= now - timedelta(seconds=settings.CLAIMS_MAX_AGE)


def in_one_sentence(sign_in: SignIn | None) -> str:
    """Say for portal admins how soon somebody disabled at the provider loses access, by the latest sign-in."""
    if sign_in is None:
        return "Nobody has signed in yet, so it is not known how soon a person disabled at the provider loses access here."
    if sign_in.verification == Verification.NONE:
        lasts = durations.in_words(round((sign_in.expires_at - sign_in.started_at).total_seconds()))
        why = (
            "REVERIFY is none"
            if settings.REVERIFY == Verification.NONE
            else f"the provider gives no {_LACKS[settings.REVERIFY]}"
        )
        return f"A person disabled at the provider loses access here within {lasts}: {why}."
    age = durations.in_words(settings.CLAIMS_MAX_AGE)
    sentence = f"A person disabled at the provider loses access here within {age}"
    if settings.CLAIMS_GRACE:
        longest = durations.in_words(settings.CLAIMS_MAX_AGE + settings.CLAIMS_GRACE)
        sentence += f", and within {longest} while the provider cannot be reached"
    if sign_in.verification == Verification.USERINFO:
        sentence += (
            ": the provider gives no refresh token, so userinfo is asked for as long as its access token lasts; after "
            f"that browsers ask the provider by a redirect, and command lines and tokens of people work for {age} "
            "after each"
        )
    if sign_in.verification == Verification.SILENT:
        sentence += (
            ": the provider gives no refresh token, so browsers ask it by a redirect, and command lines and tokens of "
            f"people work for {age} after each"
        )
    return f"{sentence}."


_LACKS = {
    Verification.REFRESH.value: "refresh token",
    Verification.USERINFO.value: "userinfo with the claims that access comes from",
    DETECT: "refresh token",
}
