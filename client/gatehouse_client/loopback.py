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

from gatehouse_client.errors import Failed, plain
from gatehouse_client.provider import Granted, Proof, Provider

PATIENCE = 300.0
"""Seconds for somebody to sign in."""
PATH = "/callback"
_PAGE = "<!doctype html><meta charset=utf-8><title>gatehouse</title><p>{}"


def has_browser() -> bool:
    """Whether this machine can show somebody a page: not over SSH, not without a display."""
    if os.environ.get("BROWSER"):
        return True
    if sys.platform.startswith("linux"):
        shown = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    else:  # pragma: no cover - macOS, Windows
        shown = not os.environ.get("SSH_CONNECTION")
    if not shown:
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def sign_in(found: Provider, *, show: Callable[[str], None]) -> Granted:
    """Send somebody to the provider, wait for the answer, and exchange its code.

    Raises:
        Failed: nobody came back in time, the provider said no, or the answer is not the provider's.
    """
    if not (endpoint := found.endpoint("authorization_endpoint")):
        raise Failed("The identity provider names no authorization_endpoint.")
    proof, state = Proof(), secrets.token_urlsafe(24)
    with _listening(state) as (redirect_uri, answers):
        query = urlencode(
            {
                **found.asked(),
                **proof.parameters,
                "response_type": "code",
                "redirect_uri": redirect_uri,
                "state": state,
            }
        )
        show(f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}")
        try:
            answer = answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failed("Nobody came back from the identity provider in time.") from None
    return found.grant(
        grant_type="authorization_code",
        code=_code(answer, found),
        redirect_uri=redirect_uri,
        code_verifier=proof.verifier,
    )


def _code(answer: dict[str, str], found: Provider) -> str:
    """Return the code of an answer that the provider itself gave (RFC 9207 section 2.4)."""
    promised = bool(found.document.get("authorization_response_iss_parameter_supported"))
    if answer.get("iss", "" if promised else found.facts.issuer) != found.facts.issuer:
        raise Failed("The answer is of another identity provider than the one that was asked.")
    if error := answer.get("error"):
        why = plain(answer.get("error_description") or error)
        raise Failed(f"The identity provider says no: {why}")
    if not (code := answer.get("code")):
        raise Failed("The identity provider answered without a code.")
    return code


@dataclass(frozen=True, slots=True)
class _Answers:
    """Takes the one answer that knows our state; whatever else comes changes nothing."""

    state: str
    taken: queue.Queue[dict[str, str]]

    def take(self, query: str) -> bool:
        found = parse_qs(query, keep_blank_values=True)
        # A parameter that comes twice is nobody's honest answer (RFC 6749 section 3.1).
        if any(len(values) > 1 for values in found.values()):
            return False
        answer = {name: values[0] for name, values in found.items()}
        if not secrets.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            return False
        try:
            self.taken.put_nowait(answer)
        except queue.Full:
            return False
        return True


@contextmanager
def _listening(state: str) -> Iterator[tuple[str, queue.Queue[dict[str, str]]]]:
    """Listen on a free port of this machine, and on no other."""
    answers = _Answers(state, queue.Queue(maxsize=1))

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path != PATH:
                self.answer(404, "There is nothing here.")
            elif answers.take(query):
                self.answer(200, "Back to the terminal: you can close this page.")
            else:
                self.answer(400, "This is no answer to a question of gatehouse.")

        def answer(self, status: int, words: str) -> None:
            body = _PAGE.format(words).encode()
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
            """Say nothing: codes travel in these lines."""

    # Threads: browsers open connections ahead of time, and send nothing over them.
    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            """Say nothing: whoever hangs up is of no interest to who waits at the terminal."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PATH}", answers.taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
