"""The embedded AWS as one application: moto, and beside it the console's sign-in and a stand-in console."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, redirect, render_template, request, session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from demo.cloud.federation import Cloud, Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_app(cloud: Cloud) -> WSGIApplication:
    """Return moto's application with the pages that moto lacks."""
    moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    ours = _pages(cloud)

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        home = environ["PATH_INFO"] == "/" and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        is_ours = environ["PATH_INFO"] in ("/federation", "/oauth", "/console") or (
            home and not environ["QUERY_STRING"] and "HTTP_AUTHORIZATION" not in environ
        )
        return (ours if is_ours else moto)(environ, start_response)

    return dispatch


def _pages(cloud: Cloud) -> Flask:
    app = Flask(__name__)
    # Cookies of localhost are shared across ports: this one must not meet the portal's.
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
        asked = request.values
        match asked.get("Action"):
            case "getSigninToken":
                token = cloud.sign_in_token(
                    session=asked.get("Session", ""), duration=asked.get("SessionDuration")
                )
                return jsonify(SigninToken=token)
            case "login":
                opened = cloud.open_console(asked.get("SigninToken", ""))
                session["console"] = {
                    "arn": opened.arn,
                    "account_id": opened.account_id,
                    "expires_at": opened.expires_at,
                    "destination": asked.get("Destination", ""),
                    "issuer": asked.get("Issuer", ""),
                }
                return redirect("/console")
        raise Refused("Action must be getSigninToken or login.")

    @app.get("/oauth")
    def sign_out() -> Response:
        going_on = request.args.get("redirect_uri", "")
        if request.args.get("Action") != "logout" or not going_on.startswith(
            f"{request.host_url}federation?"
        ):
            raise Refused("Action must be logout, redirect_uri a sign-in here.")
        session.clear()
        return redirect(going_on)

    @app.get("/console")
    def console() -> str | tuple[str, int]:
        opened: dict[str, Any] = session.get("console", {})
        if opened.get("expires_at", 0) < time.time():
            session.clear()
            return render_template("signed_out.html", issuer=opened.get("issuer")), 401
        until = datetime.fromtimestamp(opened["expires_at"], tz=UTC)
        return render_template("console.html", until=until, **opened)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[str, int]:
        return render_template("refused.html", why=str(error)), 400

    return app
