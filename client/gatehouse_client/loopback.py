"""Sign in with the browser of this machine: authorization code, PKCE, a port of our own (RFC 8252)."""

from __future__ import annotations

import os
import queue
import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from gatehouse_client.errors import CommandFailed, printable
from gatehouse_client.provider import Pkce, ProviderApi, TokenResponse

TIMEOUT = 300.0
"""Seconds for somebody to sign in."""
PATH = "/callback"
_PAGE = "<!doctype html><meta charset=utf-8><title>gatehouse</title><p>{}"


def has_browser() -> bool:
    """Whether this machine can open a browser: not over SSH, not without a display."""
    if os.environ.get("BROWSER"):
        return True
    if sys.platform.startswith("linux"):
        has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    else:  # pragma: no cover - macOS, Windows
        has_display = not os.environ.get("SSH_CONNECTION")
    if not has_display:
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def sign_in(api: ProviderApi, *, show: Callable[[str], None]) -> TokenResponse:
    """Open the provider's page, wait for its redirect, and exchange the code for tokens.

    Raises:
        CommandFailed: nobody came back in time, the provider refused, or the redirect is not the provider's.
    """
    if not (endpoint := api.endpoint("authorization_endpoint")):
        raise CommandFailed("The identity provider names no authorization_endpoint.")
    pkce, state = Pkce(), secrets.token_urlsafe(24)
    with _listening(state) as (redirect_uri, redirects):
        query = urlencode(
            {
                **api.sign_in_parameters(),
                **pkce.parameters,
                "response_type": "code",
                "redirect_uri": redirect_uri,
                "state": state,
            }
        )
        show(f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}")
        try:
            parameters = redirects.get(timeout=TIMEOUT)
        except queue.Empty:
            raise CommandFailed("Nobody came back from the identity provider in time.") from None
    return api.request_tokens(
        grant_type="authorization_code",
        code=_code(parameters, api),
        redirect_uri=redirect_uri,
        code_verifier=pkce.verifier,
    )


def _code(parameters: dict[str, str], api: ProviderApi) -> str:
    """Return the code of a redirect, after a check of its issuer (RFC 9207 section 2.4)."""
    issuer = api.settings.issuer
    must_have_issuer = bool(api.document.get("authorization_response_iss_parameter_supported"))
    if parameters.get("iss", "" if must_have_issuer else issuer) != issuer:
        raise CommandFailed("The answer is from another identity provider.")
    if error := parameters.get("error"):
        reason = printable(parameters.get("error_description") or error)
        raise CommandFailed(f"The identity provider refused the sign-in: {reason}")
    if not (code := parameters.get("code")):
        raise CommandFailed("The identity provider answered without a code.")
    return code


@dataclass(frozen=True, slots=True)
class _Redirects:
    """Takes the first redirect with our state; all others are ignored."""

    state: str
    taken: queue.Queue[dict[str, str]]

    def take(self, query: str) -> bool:
        values = parse_qs(query, keep_blank_values=True)
        # No parameter may come twice (RFC 6749 section 3.1).
        if any(len(several) > 1 for several in values.values()):
            return False
        parameters = {name: value for name, [value] in values.items()}
        if not secrets.compare_digest(parameters.get("state", "").encode(), self.state.encode()):
            return False
        try:
            self.taken.put_nowait(parameters)
        except queue.Full:
            return False
        return True


@contextmanager
def _listening(state: str) -> Iterator[tuple[str, queue.Queue[dict[str, str]]]]:
    """Listen on a free port of the loopback interface; yield the redirect URI and the queue of redirects."""
    redirects = _Redirects(state, queue.Queue(maxsize=1))

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path != PATH:
                self.answer(404, "There is nothing here.")
            elif redirects.take(query):
                self.answer(200, "Go back to the terminal. You can close this page.")
            else:
                self.answer(400, "This is not an answer that gatehouse is waiting for.")

        def answer(self, status: int, text: str) -> None:
            body = _PAGE.format(text).encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
                ("Connection", "close"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Log nothing: these lines hold codes."""

    # With threads, because browsers open connections ahead of time and send nothing over them.
    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            """Print nothing: a closed connection does not matter to the person at the terminal."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PATH}", redirects.taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
