"""The embedded AWS as one WSGI application: moto, the console's federation endpoint and a stand-in console."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, redirect, render_template, request, session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from demo.cloud.federation import Cloud, FederationError
from demo.cloud.guard import guarded

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATHS = ("/federation", "/oauth", "/console", "/switchrole")


def create_app(cloud: Cloud) -> WSGIApplication:
    """Return moto's application with the pages it lacks."""
    moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    if not cloud.trusting:
        moto = guarded(moto, cloud.tokens)
    ours = _pages(cloud)

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        home = environ["PATH_INFO"] == "/" and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        is_ours = environ["PATH_INFO"] in _PATHS or (
            home and not environ["QUERY_STRING"] and "HTTP_AUTHORIZATION" not in environ
        )
        return (ours if is_ours else moto)(environ, start_response)

    return dispatch


def _pages(cloud: Cloud) -> Flask:
    app = Flask(__name__)
    # Browsers share the cookies of localhost across ports, so the name differs from the portal's.
    app.config |= {
        "SECRET_KEY": secrets.token_hex(),
        "SESSION_COOKIE_NAME": "demo-console",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.route("/federation", methods=["GET", "POST"])
    def federation() -> Response:
        parameters = request.values
        match parameters.get("Action"):
            case "getSigninToken":
                token = cloud.sign_in_token(
                    session=parameters.get("Session", ""),
                    duration=parameters.get("SessionDuration"),
                )
                return jsonify(SigninToken=token)
            case "login":
                console_session = cloud.open_console(parameters.get("SigninToken", ""))
                session["console"] = {
                    "arn": console_session.arn,
                    "account_id": console_session.account_id,
                    "expires_at": console_session.expires_at,
                    "destination": parameters.get("Destination", ""),
                    "issuer": parameters.get("Issuer", ""),
                }
                return redirect("/console")
        raise FederationError("Action must be getSigninToken or login.")

    @app.get("/switchrole")
    def ask_to_switch() -> str:
        return render_template("switch_role.html", asked=request.args, who=cloud.signed_in_with)

    @app.post("/switchrole")
    def switch() -> Response:
        asked = request.form
        opened = cloud.switch_role(asked.get("account", ""), asked.get("roleName", ""))
        session["console"] = {
            "arn": opened.arn,
            "account_id": opened.account_id,
            "expires_at": opened.expires_at,
            "destination": asked.get("displayName", ""),
            "issuer": "",
        }
        return redirect("/console")

    @app.get("/oauth")
    def sign_out() -> Response:
        next_url = request.args.get("redirect_uri", "")
        if request.args.get("Action") != "logout" or not next_url.startswith(
            f"{request.host_url}federation?"
        ):
            raise FederationError("Action must be logout, redirect_uri a sign-in here.")
        session.clear()
        return redirect(next_url)

    @app.get("/console")
    def console() -> str | tuple[str, int]:
        opened: dict[str, Any] = session.get("console", {})
        if opened.get("expires_at", 0) < time.time():
            session.clear()
            return render_template("signed_out.html", issuer=opened.get("issuer")), 401
        until = datetime.fromtimestamp(opened["expires_at"], tz=UTC)
        return render_template("console.html", until=until, **opened)

    @app.errorhandler(FederationError)
    def refused(error: FederationError) -> tuple[str, int]:
        return render_template("refused.html", reason=str(error)), 400

    return app
