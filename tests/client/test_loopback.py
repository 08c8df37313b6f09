"""The redirect of the browser: only the provider's, only with our state, only once."""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
import webbrowser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from gatehouse_client import loopback
from gatehouse_client.errors import CommandFailed
from gatehouse_client.portal import SignInSettings
from gatehouse_client.provider import ProviderApi, TokenResponse

pytestmark = pytest.mark.wire
ISSUER = "https://id.northwind.example"
SETTINGS = SignInSettings(ISSUER, "gatehouse-cli", ("openid",))


class RecordingProvider(ProviderApi):
    """A provider whose token is the form that it was sent."""

    __slots__ = ()

    def request_tokens(self, **form: str) -> TokenResponse:
        return TokenResponse(repr(sorted(form.items())), 60, form["code_verifier"])


def document(**changes: Any) -> dict[str, Any]:
    return {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize"} | changes


class FakeBrowser:
    """A browser that is shown the provider's page and comes back with redirects."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = answers
        self.statuses: list[int] = []
        self.page = ""
        self.thread: threading.Thread | None = None

    def show(self, page: str) -> None:
        self.page = page
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        self.thread = threading.Thread(target=self._come_back, args=(asked,), daemon=True)
        self.thread.start()

    def _come_back(self, asked: dict[str, str]) -> None:
        for answer in self.answers:
            path = answer.pop("path", "")
            query = urlencode({"state": asked["state"], "iss": ISSUER} | answer, doseq=True)
            url = f"{asked['redirect_uri']}{path}?{query}"
            self.statuses.append(requests.get(url, timeout=10).status_code)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "TIMEOUT", 2.0)


def come_back(*answers: dict[str, Any], **changes: Any) -> tuple[TokenResponse, FakeBrowser]:
    browser = FakeBrowser(*answers)
    tokens = loopback.sign_in(RecordingProvider(SETTINGS, document(**changes)), show=browser.show)
    assert browser.thread is not None
    browser.thread.join()
    return tokens, browser


def test_nobody_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "TIMEOUT", 0.1)

    with pytest.raises(CommandFailed, match="Nobody came back"):
        come_back()


def test_redirect_of_another_issuer_is_refused() -> None:
    with pytest.raises(CommandFailed, match="another identity provider"):
        come_back({"code": "c", "iss": "https://evil.example"})


def test_redirect_without_the_promised_issuer_is_refused() -> None:
    promised = {"authorization_response_iss_parameter_supported": True}

    with pytest.raises(CommandFailed, match="another identity provider"):
        come_back({"code": "c", "iss": ""}, **promised)


def test_error_of_the_provider_is_shown_without_control_characters() -> None:
    said = {"error": "access_denied", "error_description": "Not\x1b[2J today\n"}

    with pytest.raises(CommandFailed, match=r"refused the sign-in: Not.*today") as caught:
        come_back(said)

    assert str(caught.value).isprintable()


def test_redirect_without_a_code_is_refused() -> None:
    with pytest.raises(CommandFailed, match="without a code"):
        come_back({"code": ""})


def test_nobody_is_sent_to_an_address_that_is_not_safe() -> None:
    browser = FakeBrowser()

    for endpoint in (None, "", "http://id.example.com/authorize"):
        api = RecordingProvider(SETTINGS, document(authorization_endpoint=endpoint))
        with pytest.raises(CommandFailed, match="authorization_endpoint"):
            loopback.sign_in(api, show=browser.show)
    assert browser.page == ""


def test_redirect_with_another_state_or_path_changes_nothing() -> None:
    tokens, browser = come_back(
        {"code": "evil", "state": "another"},
        {"code": "evil", "state": ""},
        {"code": ["evil", "c"]},
        {"code": "evil", "path": "/more"},
        {"code": "c"},
    )

    assert browser.statuses == [400, 400, 400, 404, 200]
    assert "('code', 'c')" in tokens.bearer


def test_second_redirect_changes_nothing() -> None:
    taken: queue.Queue[dict[str, str]] = queue.Queue(maxsize=1)
    redirects = loopback._Redirects("state", taken)

    assert redirects.take("state=state&code=c")
    assert not redirects.take("state=state&code=evil")
    assert taken.get_nowait()["code"] == "c"


def test_code_is_exchanged_with_the_redirect_uri_and_verifier() -> None:
    tokens, browser = come_back({"code": "c"})

    asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.page).query).items()}
    assert f"('redirect_uri', '{asked['redirect_uri']}')" in tokens.bearer
    assert tokens.refresh_token not in browser.page  # the verifier


def test_redirect_with_the_issuer_is_accepted() -> None:
    browser = FakeBrowser({"code": "c", "iss": ISSUER})

    assert loopback.sign_in(RecordingProvider(SETTINGS, document()), show=browser.show).bearer


def test_query_of_the_providers_own_address_is_kept() -> None:
    _, browser = come_back({"code": "c"}, authorization_endpoint=f"{ISSUER}/authorize?realm=corp")

    assert browser.page.startswith(f"{ISSUER}/authorize?realm=corp&client_id=")


def test_connection_that_says_nothing_keeps_nobody_waiting() -> None:
    held: list[socket.socket] = []
    browser = FakeBrowser({"code": "c"})

    def show(page: str) -> None:
        # As browsers do, ahead of time.
        port = urlsplit(parse_qs(urlsplit(page).query)["redirect_uri"][0]).port
        held.append(socket.create_connection(("127.0.0.1", port)))
        browser.show(page)

    try:
        assert loopback.sign_in(RecordingProvider(SETTINGS, document()), show=show).bearer
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"POST /callback HTTP/1.1\r\n\r\n",
        b"\x1b[2J\r\n\r\n",
        b"GET",
    ],
    ids=["address", "method", "line", "reset"],
)
def test_other_connections_print_nothing_to_the_terminal(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with loopback._listening("state") as (uri, _):
        idle = threading.active_count()
        with socket.create_connection(("127.0.0.1", urlsplit(uri).port), timeout=10) as stranger:
            stranger.sendall(sent)
            if sent == b"GET":
                # Connections are taken in their order: this one has been, once a later one is answered.
                assert requests.get(uri, timeout=10).status_code == 400
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                while stranger.recv(4096):
                    pass
        deadline = time.monotonic() + 10
        while threading.active_count() > idle and time.monotonic() < deadline:
            time.sleep(0.01)

    assert capfd.readouterr() == ("", "")


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Linux machine of which only what a test says is known."""
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_machine_without_a_display_has_no_browser(linux: pytest.MonkeyPatch) -> None:
    assert not loopback.has_browser()


def test_machine_with_a_display_and_no_browser_has_none(linux: pytest.MonkeyPatch) -> None:
    linux.setenv("DISPLAY", ":0")

    def nothing() -> None:
        raise webbrowser.Error

    linux.setattr(webbrowser, "get", nothing)
    assert not loopback.has_browser()
    linux.setattr(webbrowser, "get", lambda: None)
    assert loopback.has_browser()


def test_browser_that_somebody_names_is_one(linux: pytest.MonkeyPatch) -> None:
    linux.setenv("BROWSER", "wslview")

    assert loopback.has_browser()
