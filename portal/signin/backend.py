"""Turn a code from the provider into a person of ours and an open sign-in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from accounts import reverification
from accounts.messages import Message
from accounts.models import Person, SignIn
from accounts.oidc import discovery, group_sources, id_tokens, token_endpoint, userinfo
from accounts.oidc.errors import SignInFailed
from accounts.oidc.subjects import merge_userinfo, subject
from accounts.signins import ProviderTokens, begin, is_of, renew
from portal.context import origin_of


def callback_url() -> str:
    """Return where the provider sends people back to: by BASE_URL, never by a request's Host."""
    return f"{settings.BASE_URL}{reverse('oidc_authentication_callback')}"


class Backend(OIDCAuthenticationBackend):  # type: ignore[misc]  # mozilla-django-oidc has no types.
    """mozilla-django-oidc's flow with the provider discovered, tokens verified, and people by (issuer, sub).

    The inherited `authenticate` calls `get_token`, `verify_token` and `get_or_create_user` in turn.
    """

    def __init__(self) -> None:
        # Django also makes a backend for requests that have nothing to do with the provider, so the
        # discovery document must not be read here.
        self.UserModel = get_user_model()
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID
        self.OIDC_RP_CLIENT_SECRET = settings.OIDC_RP_CLIENT_SECRET
        self.tokens = ProviderTokens()
        self.verifies = False

    def authenticate(
        self, request: HttpRequest | None, *, verifies: bool = False, **credentials: Any
    ) -> Person | None:
        """As mozilla-django-oidc does; `verifies` where the browser was sent to renew the sign-in it has."""
        self.verifies = verifies
        person: Person | None = super().authenticate(request, **credentials)
        return person

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        """Exchange the code for tokens, and keep those that the sign-in needs."""
        answer = token_endpoint.exchange_code(
            code=payload["code"],
            code_verifier=payload["code_verifier"],
            redirect_uri=callback_url(),
        )
        self.tokens = ProviderTokens(
            id_token=answer.id_token,
            refresh_token=answer.refresh_token,
            access_token=answer.access_token,
        )
        return {"id_token": answer.id_token, "access_token": answer.access_token}

    def verify_token(self, token: object, **kwargs: Any) -> dict[str, Any]:
        """Return the ID token's claims once every rule holds."""
        return id_tokens.verify(
            token,
            provider=discovery.provider(),
            client_id=self.OIDC_RP_CLIENT_ID,
            algorithm=settings.OIDC_RP_SIGN_ALGO,
            nonce=kwargs.get("nonce") or "",
            access_token=self.tokens.access_token,
            now=timezone.now(),
        )

    def store_tokens(self, access_token: object, id_token: object) -> None:
        """Do not store them in the session: the sign-in holds them, encrypted."""

    def get_userinfo(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the claims of userinfo about the person of the ID token; raises as `accounts.oidc.userinfo.ask`."""
        return userinfo.ask(access_token, sub=payload["sub"])

    def get_or_create_user(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> Person:
        """Begin the sign-in of the person whom the claims name, as `request.sign_in`.

        Where the browser was sent to have the sign-in that is open there verified again, and the provider names
        the same person, that sign-in is renewed instead: other tabs go on with their session and their forms.
        """
        now = timezone.now()
        more = userinfo.beside(payload, access_token=self.tokens.access_token, now=now)
        claims = group_sources.completed(merge_userinfo(payload, more))
        somebody = subject(issuer=discovery.provider().issuer, claims=claims)
        verification = reverification.detect(self.tokens, from_userinfo=more, now=now)
        previous: SignIn | None = self.request.sign_in
        if self.verifies and previous is not None:
            if not is_of(previous, somebody):
                raise SignInFailed(
                    Message(
                        "Somebody else is signed in at your identity provider in this browser. To go on as that person, "
                        "sign in again."
                    ),
                    f"{previous} was to be verified again, and the provider named {somebody.sub}",
                    code="signin.somebody_else",
                )
            sign_in = renew(
                sign_in=previous,
                subject=somebody,
                tokens=self.tokens,
                verification=verification,
                origin=origin_of(self.request),
                now=now,
            )
        else:
            sign_in = begin(
                subject=somebody,
                tokens=self.tokens,
                verification=verification,
                origin=origin_of(self.request),
                now=now,
            )
        self.request.sign_in = sign_in
        return sign_in.person
