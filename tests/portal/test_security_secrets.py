"""A whole day at a portal that logs everything: no secret is in its log, its audit trail, its sessions or its addresses."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests

from demo.cloud import Cloud
from demo.cloud.server import serve as serve_cloud
from demo.identity import IdentityProvider, OAuthClient, oauth
from demo.identity.server import serve as serve_identity
from demo.identity.users import load_users
from demo.launcher.folder import PEOPLE
from demo.launcher.network import choose_ports
from tests.portal import running
from tests.portal.running import CLIENT_SECRET, HUB_SECRET, SECRET_KEY, Portal

pytestmark = pytest.mark.wire

ROLE = {"account_id": "210987654321", "role_name": "Developer"}


@dataclass
class Day:
    """What happened, and every secret that was about."""

    portal: Portal
    secrets: dict[str, str] = field(default_factory=dict)
    visited: list[str] = field(default_factory=list)

    def found_in(self, text: str) -> list[str]:
        """Name the secrets that are in a text, as they are or escaped for an address."""
        return [name for name, secret in self.secrets.items() if secret in f"{text}{unquote(text)}"]


class Recorder(requests.Session):
    """A browser that notes every address it was sent to."""

    def __init__(self, day: Day) -> None:
        super().__init__()
        self.trust_env = False
        self.day = day
        self.hooks["response"].append(self._note)

    def _note(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        self.day.visited.append(response.url)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """alice signs in, takes keys, opens the console and signs out; mallory tries; a callback is replayed."""
    folder = tmp_path_factory.mktemp("portal")
    port = choose_ports(0).portal
    client = OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"http://localhost:{port}")
    identity = IdentityProvider(people=load_users(PEOPLE), clients=[client])
    with (
        serve_identity(identity) as op,
        serve_cloud(Cloud(trusting=True)) as cloud,
        running.portal(
            folder,
            issuer=op.url,
            port=port,
            GUNICORN_CMD_ARGS="--log-level=debug",
            AWS_ENDPOINT_URL_STS=cloud.url,
            AWS_FEDERATION_ENDPOINT=cloud.url,
        ) as portal,
        _watched() as seen,
    ):
        day = Day(portal)
        with Recorder(day) as alice:
            _sign_in(day, alice, "alice")
            _take_keys(day, alice)
            _open_console(day, alice)
            _sign_out(alice, portal)
        with Recorder(day) as mallory:
            _sign_in(day, mallory, "mallory")
            _try_everything(mallory, portal)
        _meet_a_broken_aws(day, cloud)
        day.secrets |= {
            "secret key of the portal": SECRET_KEY,
            "client secret": CLIENT_SECRET,
            "secret access key of the hub": HUB_SECRET,
            **seen,
            **{f"access {n}": token for n, token in enumerate(identity.access_tokens)},
            **{f"refresh {n}": token for n, token in enumerate(identity.refresh_tokens)},
        }
        yield day


@contextmanager
def _watched() -> Iterator[dict[str, str]]:
    """Collect what only provider and portal see: the ID tokens and the PKCE verifiers."""
    seen: dict[str, str] = {}
    sign, check = oauth._IdTokens.encode_id_token, oauth.S256Only.validate_code_verifier

    def signed(self: Any, token: dict[str, Any], request: Any) -> str:
        seen[f"ID token {len(seen)}"] = found = sign(self, token, request)
        return found

    def checked(self: Any, grant: Any, result: Any) -> Any:
        seen[f"PKCE verifier {len(seen)}"] = grant.request.form["code_verifier"]
        return check(self, grant, result)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oauth._IdTokens, "encode_id_token", signed)
        patch.setattr(oauth.S256Only, "validate_code_verifier", checked)
        yield seen


def _sign_in(day: Day, browser: requests.Session, who: str) -> None:
    departure = browser.get(f"{day.portal.url}/oidc/authenticate/?next=/")
    asked = dict(parse_qsl(urlsplit(departure.url).query))
    answer = browser.post(departure.url, data={"username": who}, allow_redirects=False)
    callback = answer.headers["Location"]
    given = dict(parse_qsl(urlsplit(callback).query))
    attempt = next(v for k, v in browser.cookies.items() if "-signin-" in k)
    arrived = browser.get(callback)
    assert arrived.status_code == 200
    assert f"{who}@northwind.example" in arrived.text
    assert browser.get(callback).status_code == 400
    day.secrets |= {
        f"{who}: authorization code": given["code"],
        f"{who}: state": asked["state"],
        f"{who}: nonce": asked["nonce"],
        f"{who}: cookie of the attempt": attempt,
        f"{who}: session cookie": browser.cookies["gatehouse"],
        f"{who}: csrf cookie": browser.cookies["gatehouse-csrf"],
    }


def _form(browser: requests.Session, portal: Portal, path: str, **fields: str) -> requests.Response:
    token = running.token_in(browser.get(f"{portal.url}{path}").text)
    return browser.post(
        f"{portal.url}{path.partition('?')[0]}",
        data={"csrfmiddlewaretoken": token, **fields},
        allow_redirects=False,
    )


def _take_keys(day: Day, browser: requests.Session) -> None:
    query = "&".join(f"{name}={value}" for name, value in ROLE.items())
    answer = _form(browser, day.portal, f"/keys?{query}", **ROLE)
    assert answer.status_code == 200, answer.text
    text = html.unescape(re.sub(r"<[^>]+>", "", answer.text))
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        found = re.search(rf'export {name}="([^"\n]+)"', text)
        assert found
        day.secrets[name] = found[1]


def _open_console(day: Day, browser: requests.Session) -> None:
    query = "&".join(f"{name}={value}" for name, value in ROLE.items())
    answer = _form(browser, day.portal, f"/console?{query}", **ROLE)
    assert answer.status_code == 303
    day.secrets["SigninToken"] = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))[
        "SigninToken"
    ]


def _sign_out(browser: requests.Session, portal: Portal) -> None:
    token = running.token_in(browser.get(f"{portal.url}/").text)
    answer = browser.post(
        f"{portal.url}/oidc/logout/", data={"csrfmiddlewaretoken": token}, allow_redirects=False
    )
    assert answer.status_code == 302


def _try_everything(browser: requests.Session, portal: Portal) -> None:
    token = running.token_in(browser.get(f"{portal.url}/").text)
    for path in ("/keys", "/console"):
        answer = browser.post(f"{portal.url}{path}", data={"csrfmiddlewaretoken": token, **ROLE})
        assert answer.status_code == 403
    for path in ("/admin/", "/nowhere", "/keys?role=x/y", "/oidc/callback/?error=x&state=y"):
        assert 400 <= browser.get(f"{portal.url}{path}").status_code < 500


def _meet_a_broken_aws(day: Day, cloud: Any) -> None:
    with Recorder(day) as bob:
        _sign_in(day, bob, "bob")
        cloud.stop()
        operator = {"account_id": "123456789012", "role_name": "ReadOnly"}
        query = "&".join(f"{name}={value}" for name, value in operator.items())
        for path in ("/keys", "/console"):
            answer = _form(bob, day.portal, f"{path}?{query}", **operator)
            assert answer.status_code in (502, 503), answer.text


def test_the_day_had_every_kind_of_secret(day: Day) -> None:
    assert len(day.secrets) >= 25
    assert all(len(secret) >= 12 for secret in day.secrets.values())
    for kind in ("ID token", "PKCE verifier", "access", "refresh", "SigninToken", "alice: state"):
        assert any(name.startswith(kind) for name in day.secrets), kind


def test_the_log_at_debug_holds_no_secret(day: Day) -> None:
    log = day.portal.read_log()

    assert '"POST /keys HTTP/1.1" 200' in log
    assert "[DEBUG]" in log
    assert day.found_in(log) == []
    assert "eyJ" not in log


@pytest.mark.parametrize(
    "table", ["accounts_auditevent", "django_session", "accounts_signin", "accounts_person"]
)
def test_no_table_holds_a_secret(day: Day, table: str) -> None:
    rows = day.portal.rows(table)

    assert rows
    assert day.found_in(rows) == []


def test_the_whole_database_holds_no_secret_anywhere(day: Day) -> None:
    kept = "".join(
        day.portal.database.with_name(day.portal.database.name + suffix)
        .read_bytes()
        .decode("latin1")
        for suffix in ("", "-wal")
    )

    left = {
        "alice: state",
        "alice: nonce",
        "mallory: state",
        "mallory: nonce",
        "bob: state",
        "bob: nonce",
    }
    assert set(day.found_in(kept)) <= left


def test_no_address_of_the_portal_holds_a_secret_it_issued(day: Day) -> None:
    ours = [url for url in day.visited if url.startswith(day.portal.url)]
    travelling = {
        name for name in day.secrets if name.endswith((": authorization code", ": state"))
    }

    assert ours
    assert set(day.found_in("\n".join(ours))) <= travelling
