"""Userinfo: more claims about somebody who signs in or is verified again (OpenID Connect Core 1.0 section 5.3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from accounts.claims import arrived
from accounts.messages import Message
from accounts.oidc import discovery
from accounts.oidc.errors import (
    ProviderMisconfigured,
    ProviderUnavailable,
    SignInFailed,
    UserinfoRefused,
    misconfigured,
    unavailable,
)
from accounts.oidc.provider_http import fetch
from accounts.oidc.token_endpoint import only_one_persons_problem
from accounts.rules import claims_in_use

MAX_USERINFO = 256 * 1024
# Refusals that may pass: Request Timeout, Too Many Requests.
_PASSING = (408, 429)

log = logging.getLogger(__name__)


def ask(access_token: str, *, sub: str) -> dict[str, Any]:
    """Return the claims of userinfo about this person; {} if the provider has no userinfo.

    Raises:
        UserinfoRefused: it does not take the access token.
        ProviderUnavailable: no usable answer right now.
        ProviderMisconfigured: userinfo is signed, or required and missing.
        SignInFailed: it is about somebody else.
    """
    url = discovery.provider().userinfo_endpoint
    if not url:
        if settings.OIDC_USERINFO == "required":
            raise misconfigured("the provider has no userinfo, and OIDC_USERINFO is “required”")
        return {}
    if not access_token:
        raise unavailable("the token endpoint sent no access token")
    with only_one_persons_problem():
        answer = fetch(
            "GET",
            url,
            name="userinfo",
            limit=MAX_USERINFO,
            headers={"Authorization": f"Bearer {access_token}"},
        )
    if answer.status == 200 and answer.content_type == "application/jwt":
        raise misconfigured(
            "the provider signs its userinfo, which this portal does not read; "
            "set the client's userinfo to plain JSON"
        )
    if 400 <= answer.status < 500 and answer.status not in _PASSING:
        raise misconfigured(
            f"the provider refuses userinfo with status {answer.status}; if its ID tokens hold all "
            "that is needed, set OIDC_USERINFO to “never”",
            error=UserinfoRefused,
        )
    userinfo = answer.document()
    if not isinstance(userinfo.get("sub"), str) or userinfo["sub"] != sub:
        # OpenID Connect Core 1.0 section 5.3.2.
        raise SignInFailed(
            Message(
                "The answers of your identity provider are about two different people, so they were "
                "refused. Contact your portal admins."
            ),
            "The sub of userinfo is not the sub of the ID token.",
            code="signin.userinfo.sub",
        )
    return userinfo


def beside(id_token: Mapping[str, Any], *, access_token: str, now: datetime) -> dict[str, Any]:
    """Return the claims of userinfo beside those of an ID token, as OIDC_USERINFO says; {} if those have to suffice.

    Where userinfo is optional, a refusal stops nobody, as trying again would not help. An outage stops
    only whose ID token lacks a claim that access comes from: they would have less for a whole sign-in.

    Raises:
        ProviderUnavailable, ProviderMisconfigured: it was needed, and gave no usable answer.
        SignInFailed: it is about somebody else.
    """
    if settings.OIDC_USERINFO == "never":
        return {}
    try:
        return ask(access_token, sub=id_token["sub"])
    except (ProviderMisconfigured, ProviderUnavailable) as error:
        refused = isinstance(error, ProviderMisconfigured)
        if settings.OIDC_USERINFO == "required" or not (refused or suffices(id_token, now=now)):
            raise
        _log_once(error.admin_message)
        return {}


def suffices(claims: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether these hold each claim that access or rights come from."""
    wanted = claims_in_use(now=now) | {
        claim
        for claim, values in (
            (settings.ADMIN_CLAIM, settings.ADMIN_VALUES),
            (settings.AUDITOR_CLAIM, settings.AUDITOR_VALUES),
        )
        if values
    }
    return all(arrived(claims, claim) is not None for claim in wanted)


@lru_cache(maxsize=32)
def _log_once(reason: str) -> None:
    """Say in the log of this process, once for each reason, why userinfo is done without."""
    log.warning("sign-ins go on without userinfo: %s", reason)
