"""Authlib's authorization server over the provider's state: the grants, PKCE, ID tokens, userinfo, logout."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode, OpenIDToken, UserInfoEndpoint
from authlib.oidc.rpinitiated import EndSessionEndpoint, EndSessionRequest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from demo.identity.device_grant import device_grant
from demo.identity.identity_provider import (
    CODE_LIFETIME,
    AuthorizationCode,
    IdentityProvider,
    IssuedToken,
    Session,
)
from demo.identity.misbehaviour import Misbehaviour, altered, spoil
from demo.identity.users import DEVICE_CODE, SCOPES, OAuthClient

# At DEBUG it logs the tokens that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)

LIFETIME = 300
"""Lifetime of an access token in seconds."""

# Authlib has no types: its classes are Any, hence the ignores for mypy.
# Authlib instantiates grant classes itself, so each provider gets classes of its own.


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE by S256 for everybody. RFC 9700 section 2.1.1 asks it of confidential clients too."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without a challenge; absent, the method would mean `plain`."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The 'code_challenge_method' must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class _IdTokens:
    """The ID tokens of this provider, at the code exchange and at each refresh."""

    provider: IdentityProvider

    def resolve_client_private_key(self, client: OAuthClient) -> RSAKey:
        return self.provider.key

    def get_client_claims(self, client: OAuthClient) -> dict[str, Any]:
        now = self.provider.now()
        return {
            "iss": self.provider.issuer,
            "aud": client.client_id,
            "azp": client.client_id,
            "iat": now,
            "exp": now + self.provider.misbehaviour.lifetime,
        }

    def get_encode_header(self, client: OAuthClient) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.provider.key.kid, "typ": "JWT"}

    def generate_user_info(self, session: Session, scope: str) -> dict[str, Any]:
        return self.provider.id_token_claims(session)

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False  # The client compares it; a repeated request may come from the back button.

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        id_token: str = super().encode_id_token(token, request)  # type: ignore[misc]
        faults = self.provider.misbehaviour
        if faults == Misbehaviour():
            return id_token
        return spoil(id_token, faults, key=self.provider.key, secret=request.client.secret)


def authorization_server(app: Flask, provider: IdentityProvider) -> AuthorizationServer:
    """Return the server with everything this provider offers, and nothing else."""

    class IdTokenOfCode(_IdTokens, OpenIDCode):  # type: ignore[misc]
        """The ID token that answers a code, with the request's nonce."""

        def validate_openid_authorization_request(self, grant: Any, redirect_uri: str) -> None:
            # Programs only forward their tokens; PKCE ties the code to them (RFC 9700 section 2.1.1).
            self.require_nonce = not grant.request.client.public
            super().validate_openid_authorization_request(grant, redirect_uri)

    class IdTokenOfRefresh(_IdTokens, OpenIDToken):  # type: ignore[misc]
        """The ID token that answers a refresh, or a device code."""

    IdTokenOfCode.provider = IdTokenOfRefresh.provider = provider

    class Codes(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            provider.codes[code] = AuthorizationCode(
                client_id=request.client.client_id,
                session=request.user,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                nonce=data.get("nonce"),
                code_challenge=data["code_challenge"],
                code_challenge_method=data["code_challenge_method"],
                expires_at=time.time() + CODE_LIFETIME,
            )

        def query_authorization_code(
            self, code: str, client: OAuthClient
        ) -> AuthorizationCode | None:
            # Removed at the first try, right or wrong: a code works once.
            issued = provider.codes.pop(code, None)
            if (
                issued is None
                or issued.client_id != client.client_id
                or time.time() > issued.expires_at
            ):
                return None
            return issued

        def delete_authorization_code(self, code: AuthorizationCode) -> None:
            """Do nothing: query_authorization_code has removed it."""

        def authenticate_user(self, code: AuthorizationCode) -> Session | None:
            return code.session if provider.is_open(code.session) else None

    class Refresh(RefreshTokenGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = Codes.TOKEN_ENDPOINT_AUTH_METHODS
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
            token = provider.refresh_tokens.get(refresh_token)
            return token if token and provider.is_open(token.session) else None

        def authenticate_user(self, token: IssuedToken) -> Session:
            return token.session

        def revoke_old_credential(self, token: IssuedToken) -> None:
            provider.refresh_tokens = {
                text: other for text, other in provider.refresh_tokens.items() if other is not token
            }

    class Revocation(RevocationEndpoint):  # type: ignore[misc]
        CLIENT_AUTH_METHODS = Codes.TOKEN_ENDPOINT_AUTH_METHODS

        def query_token(self, token: str, hint: str | None) -> IssuedToken | None:
            return provider.refresh_tokens.get(token) or provider.access_tokens.get(token)

        def revoke_token(self, token: IssuedToken, request: Any) -> None:
            provider.revoke(token)

    class AnswersNameTheIssuer(IssuerParameter):  # type: ignore[misc]
        def get_issuer(self) -> str:
            return provider.issuer

    class AccessTokens(BearerTokenValidator):  # type: ignore[misc]
        def authenticate_token(self, token_string: str) -> IssuedToken | None:
            token = provider.access_tokens.get(token_string)
            return token if token and provider.is_open(token.session) else None

    class UserInfo(UserInfoEndpoint):  # type: ignore[misc]
        def generate_user_info(self, session: Session, scope: str) -> dict[str, Any]:
            return altered(provider.claims(session), provider.misbehaviour.userinfo)

    class Logout(EndSessionEndpoint):  # type: ignore[misc]
        def get_server_jwks(self) -> KeySet:
            return provider.key_set()

        def get_algorithms(self) -> list[str]:
            return ["RS256"]

        def end_session(self, end_session_request: EndSessionRequest) -> None:
            provider.sessions.pop((end_session_request.id_token_claims or {}).get("sid", ""), None)

    def access_token(client: OAuthClient, grant_type: str, user: Session, scope: str) -> str:
        """Return a random string, or for an API a JWT (RFC 9068 section 2)."""
        if not client.audience:
            return secrets.token_urlsafe(32)
        now = provider.now()
        claims = {
            **provider.claims(user),
            "iss": provider.issuer,
            "aud": client.audience,
            "client_id": client.client_id,
            "scope": scope,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(12),
            "auth_time": user.auth_time,
        }
        header = {"alg": "RS256", "typ": "at+jwt", "kid": provider.key.kid}
        return jwt.encode(header, claims, provider.key, algorithms=["RS256"])

    def save_token(token: dict[str, Any], request: Any) -> None:
        issued = IssuedToken(
            client=request.client,
            session=request.user,
            scope=token["scope"],
            expires_at=time.time() + token["expires_in"],
        )
        provider.access_tokens[token["access_token"]] = issued
        if "refresh_token" in token:
            provider.refresh_tokens[token["refresh_token"]] = issued

    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    app.config["OAUTH2_SCOPES_SUPPORTED"] = list(SCOPES)
    app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = access_token
    device_codes, devices = device_grant(provider)
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = dict.fromkeys(
        ("authorization_code", "refresh_token", DEVICE_CODE), LIFETIME
    )
    server = AuthorizationServer(app, provider.client, save_token)
    server.register_grant(Codes, [IdTokenOfCode(), S256Only()])
    server.register_grant(Refresh, [IdTokenOfRefresh()])
    server.register_grant(devices, [IdTokenOfRefresh()])
    server.register_endpoint(device_codes)
    server.register_endpoint(Revocation)
    server.register_extension(AnswersNameTheIssuer())
    protector = ResourceProtector()
    protector.register_token_validator(AccessTokens())
    server.register_endpoint(UserInfo(resource_protector=protector))
    server.register_endpoint(Logout)
    return server
