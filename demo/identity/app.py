"""The provider's pages and endpoints, as a Flask application."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, jsonify, render_template, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from demo.identity.identity_provider import IdentityProvider, Session
from demo.identity.misbehaviour import altered
from demo.identity.oauth import authorization_server
from demo.identity.users import DEVICE_CODE, SCOPES


def create_app(provider: IdentityProvider) -> Flask:
    """Return the application that serves a provider."""
    app = Flask(__name__)
    # Browsers share the cookies of localhost across ports, so the name differs from the portal's.
    app.config |= {
        "SECRET_KEY": secrets.token_hex(),
        "SESSION_COOKIE_NAME": "demo-identity",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }
    server = authorization_server(app, provider)

    @app.before_request
    def misbehave() -> AnyResponse | None:
        endpoint, faults = request.endpoint or "", provider.misbehaviour
        provider.hits[endpoint] += 1
        time.sleep(faults.slow.get(endpoint, 0))
        if endpoint in faults.status:
            return Response("out of order", status=faults.status[endpoint])
        if endpoint in faults.not_json:
            return Response("<p>Hello from a proxy</p>", mimetype="text/html")
        if endpoint in faults.body:
            return jsonify(faults.body[endpoint])
        return None

    @app.get("/")
    def home() -> str:
        return render_template("home.html", provider=provider)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> AnyResponse:
        return jsonify(altered(_discovery(provider), provider.misbehaviour.discovery))

    @app.get("/jwks")
    def jwks() -> AnyResponse:
        return jsonify(provider.key_set().as_dict(private=False))

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> str | AnyResponse:
        if request.method == "POST" and "username" in request.form:
            opened = provider.sign_in(request.form["username"])
            session["sid"] = opened.sid if opened else ""
        else:
            opened = _open_session(provider)
        try:
            grant = server.get_consent_grant(end_user=opened)
        except OAuth2Error as error:
            refusal = _response(server.handle_error_response(None, error))
            if (
                refusal.location
            ):  # Authlib adds it to the answers of create_authorization_response only.
                refusal.location = add_params_to_uri(refusal.location, {"iss": provider.issuer})
            return refusal
        if opened is None and "cancel" not in request.form:
            return render_template("sign_in.html", provider=provider)
        return _response(server.create_authorization_response(grant=grant, grant_user=opened))

    @app.route("/device", methods=["GET", "POST"])
    def device() -> str | tuple[str, int]:
        code = request.values.get("user_code", "")
        pending = provider.pending_device_code(code)
        if request.method == "GET" or pending is None:
            unknown = request.method == "POST" and pending is None
            page = render_template("device.html", provider=provider, code=code, unknown=unknown)
            return page, 400 if unknown else 200
        pending.session = provider.sign_in(request.form.get("username", ""))
        pending.refused = pending.session is None
        return render_template("device_done.html", provider=provider, refused=pending.refused)

    @app.post("/device_authorization")
    def device_authorization() -> AnyResponse:
        return _response(server.create_endpoint_response("device_authorization"))

    @app.post("/revoke")
    def revoke() -> AnyResponse:
        return _response(server.create_endpoint_response("revocation"))

    @app.post("/token")
    def token() -> AnyResponse:
        answer = _response(server.create_token_response())
        if provider.misbehaviour.no_refresh_token and answer.status_code == 200:
            return jsonify(altered(json.loads(answer.get_data()), {"refresh_token": None}))
        return answer

    @app.route("/userinfo", methods=["GET", "POST"])
    def userinfo() -> AnyResponse:
        return _response(server.create_endpoint_response("userinfo"))

    @app.route("/logout", methods=["GET", "POST"])
    def logout() -> str | AnyResponse:
        try:
            end_session = server.validate_endpoint_request("end_session")
        except OAuth2Error as error:
            return _response(server.handle_error_response(None, error))
        if end_session.needs_confirmation and request.method == "GET":
            return render_template("sign_out.html", provider=provider)
        provider.sessions.pop(session.get("sid", ""), None)
        session.clear()
        answer = server.create_endpoint_response("end_session", end_session)
        return _response(answer) if answer else render_template("signed_out.html")

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> AnyResponse:
        return AnyResponse(str(error.description), status=error.code or 500)

    return app


def _response(answer: Any) -> AnyResponse:
    """Check the type of Authlib's untyped responses."""
    assert isinstance(answer, AnyResponse)  # noqa: S101
    return answer


def _open_session(provider: IdentityProvider) -> Session | None:
    """Return this browser's session, unless the request requires a new sign-in."""
    current = provider.sessions.get(session.get("sid", ""))
    if current is None or not provider.is_open(current):
        return None
    if {"login", "select_account"} & set(request.values.get("prompt", "").split()):
        return None
    max_age = request.values.get("max_age", "")
    if max_age.isdigit() and provider.now() - current.auth_time > int(max_age):
        return None
    return current


def _discovery(provider: IdentityProvider) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0 section 3."""
    issuer = provider.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "end_session_endpoint": f"{issuer}/logout",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "revocation_endpoint": f"{issuer}/revoke",
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "none",
        ],
        "authorization_response_iss_parameter_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "claims_supported": [
            *("sub", "name", "email", "email_verified", "preferred_username", "groups"),
            *("sid", "auth_time", "acr", "amr"),
        ],
        "prompt_values_supported": ["none", "login", "select_account"],
    }
