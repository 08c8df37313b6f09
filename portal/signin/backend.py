"""Turn a code from the provider into a person of ours and an open sign-in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from accounts.claims import arrived
from accounts.models import Person
from accounts.oidc import discovery, id_tokens, token_endpoint
from accounts.oidc.errors import (
    ProviderMisconfigured,
    ProviderUnavailable,
    SignInFailed,
    misconfigured,
    unavailable,
)
from accounts.oidc.provider_http import fetch
from accounts.oidc.subjects import merge_userinfo, subject
from accounts.oidc.token_endpoint import only_one_persons_problem
from accounts.rules import claims_in_use
from accounts.signins import ProviderTokens, begin
from portal.context import origin_of

MAX_USERINFO = 256 * 1024
# Refusals that may pass: Request Timeout, Too Many Requests.
_PASSING = (408, 429)

log = logging.getLogger(__name__)


def callback_url() -> str:
    """Return where the provider sends people back to: by BASE_URL, never by a request's Host."""
    return f"{settings.BASE_URL}{reverse('oidc_authentication_callback')}"


class Backend(OIDCAuthenticationBackend):  # type: ignore[misc]  # mozilla-django-oidc has no types.
    """mozilla-django-oidc's flow with the provider discovered, tokens verified, and people by (issuer, sub).

    `authenticate` is inherited: it calls `get_token`, `verify_token` and `get_or_create_user` in turn.
    """

    def __init__(self) -> None:
        # Django also makes a backend for requests that have nothing to do with the provider, so the
        # discovery document must not be read here.
        self.UserModel = get_user_model()
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID
        self.OIDC_RP_CLIENT_SECRET = settings.OIDC_RP_CLIENT_SECRET
        self.tokens = ProviderTokens()
        self.access_token = ""

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        """Exchange the code for tokens, and keep those that the sign-in needs."""
        answer = token_endpoint.exchange_code(
            code=payload["code"],
            code_verifier=payload["code_verifier"],
            redirect_uri=callback_url(),
        )
        self.tokens = ProviderTokens(id_token=answer.id_token, refresh_token=answer.refresh_token)
        self.access_token = answer.access_token
        return {"id_token": answer.id_token, "access_token": answer.access_token}

    def verify_token(self, token: object, **kwargs: Any) -> dict[str, Any]:
        """Return the ID token's claims once every rule holds."""
        return id_tokens.verify(
            token,
            provider=discovery.provider(),
            client_id=self.OIDC_RP_CLIENT_ID,
            algorithm=settings.OIDC_RP_SIGN_ALGO,
            nonce=kwargs.get("nonce") or "",
            access_token=self.access_token,
            now=timezone.now(),
        )

    def store_tokens(self, access_token: object, id_token: object) -> None:
        """Do not store them in the session: the sign-in holds them, encrypted."""

    def get_userinfo(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the claims of userinfo about the person of the ID token; {} if the provider has no userinfo.

        Raises:
            ProviderUnavailable: no usable answer right now.
            ProviderMisconfigured: userinfo is refused, signed, or required and missing.
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
                "that is needed, set OIDC_USERINFO to “never”"
            )
        userinfo = answer.document()
        if not isinstance(userinfo.get("sub"), str) or userinfo["sub"] != payload["sub"]:
            # OpenID Connect Core 1.0 section 5.3.2.
            raise SignInFailed(
                "The answers of your identity provider are about two different people, so they were "
                "refused. Contact your portal admins.",
                "The sub of userinfo is not the sub of the ID token.",
                code="signin.userinfo.sub",
            )
        return userinfo

    def get_or_create_user(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> Person:
        """Begin the sign-in of the person whom the claims name, as `request.sign_in`."""
        claims = merge_userinfo(payload, self._userinfo(id_token, payload))
        sign_in = begin(
            subject=subject(issuer=discovery.provider().issuer, claims=claims),
            tokens=self.tokens,
            origin=origin_of(self.request),
            now=timezone.now(),
        )
        self.request.sign_in = sign_in
        return sign_in.person

    def _userinfo(self, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of userinfo as OIDC_USERINFO says; {} if the ID token has to suffice.

        Where userinfo is optional, a refusal stops nobody, as trying again would not help. An outage stops
        only whose ID token lacks a claim that access comes from: they would have less for a whole sign-in.
        """
        if settings.OIDC_USERINFO == "never":
            return {}
        try:
            return self.get_userinfo(self.access_token, id_token, payload)
        except (ProviderMisconfigured, ProviderUnavailable) as error:
            refused = isinstance(error, ProviderMisconfigured)
            if settings.OIDC_USERINFO == "required" or not (
                refused or _suffices(payload, now=timezone.now())
            ):
                raise
            _log_once(error.admin_message)
            return {}


def _suffices(id_token: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether an ID token holds each claim that access or rights come from."""
    claims = claims_in_use(now=now) | {
        claim
        for claim, values in (
            (settings.ADMIN_CLAIM, settings.ADMIN_VALUES),
            (settings.AUDITOR_CLAIM, settings.AUDITOR_VALUES),
        )
        if values
    }
    return all(arrived(id_token, claim) is not None for claim in claims)


@lru_cache(maxsize=32)
def _log_once(reason: str) -> None:
    """Say in the log of this process, once for each reason, why userinfo is done without."""
    log.warning("sign-ins go on without userinfo: %s", reason)
