"""What only shows over a real socket: cookies under https, proxies, hosts, sizes, the bytes of HTTP itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest
import requests

from demo.identity import IdentityProvider, OAuthClient, User
from demo.identity.server import serve
from demo.launcher.network import choose_ports
from tests.portal import running
from tests.portal.running import CLIENT_SECRET, Portal, browser, status_of

pytestmark = pytest.mark.wire

HTTPS = {"X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal at an https address, behind a proxy on this machine."""
    port = choose_ports(0).portal
    client = OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"https://localhost:{port}")
    identity = IdentityProvider(people=[User("alice", groups=("payments",))], clients=[client])
    with (
        serve(identity) as op,
        running.portal(
            tmp_path_factory.mktemp("portal"),
            issuer=op.url,
            port=port,
            BASE_URL=f"https://localhost:{port}",
            TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8",
        ) as portal,
    ):
        yield portal


@pytest.fixture(scope="module")
def unproxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that trusts only a proxy elsewhere, so that whoever connects is a stranger."""
    with running.portal(
        tmp_path_factory.mktemp("unproxied"),
        issuer="http://localhost:9",
        TRUSTED_PROXIES="192.0.2.1",
    ) as portal:
        yield portal


def cookies_set(response: requests.Response) -> dict[str, dict[str, str]]:
    """Return the cookies an answer sets, each with its attributes."""
    found = {}
    for line in response.raw.headers.getlist("Set-Cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {"value": morsel.value, **{k: str(v) for k, v in morsel.items() if v}}
    return found


def ask(portal: Portal, path: str, *, cookie: str = "", **headers: str) -> requests.Response:
    """Ask as the proxy in front would."""
    with browser(**HTTPS, **({"Cookie": cookie} if cookie else {}), **headers) as session:
        return session.get(f"http://localhost:{portal.port}{path}", allow_redirects=False)


def test_every_cookie_under_https_is_bound_to_the_host(portal: Portal) -> None:
    departure = ask(portal, "/oidc/authenticate/")
    attempt = cookies_set(departure)
    (name,) = attempt
    with browser() as elsewhere:
        there = elsewhere.post(
            departure.headers["Location"], data={"username": "alice"}, allow_redirects=False
        )
    back = urlsplit(there.headers["Location"])
    callback = ask(portal, f"{back.path}?{back.query}", cookie=f"{name}={attempt[name]['value']}")
    session = cookies_set(callback)
    key = session["__Host-gatehouse"]["value"]
    page = ask(portal, "/", cookie=f"__Host-gatehouse={key}")
    form = cookies_set(page)
    refused = ask(portal, "/", cookie="__Host-gatehouse=0123456789abcdef0123456789abcdef")

    assert callback.headers["Location"] == "/"
    assert "alice@northwind.example" in page.text
    assert "__Host-gatehouse-csrf" in form
    for cookies in (attempt, session, form, cookies_set(refused)):
        assert cookies
        for name, attributes in cookies.items():
            assert name.startswith("__Host-gatehouse")
            assert attributes["path"] == "/"
            assert attributes["secure"] == "True"
            assert attributes["samesite"] == "Lax"
            assert "domain" not in attributes
            assert attributes.get("httponly") == "True" or attributes["max-age"] == "0"


def test_a_cookie_without_the_prefix_counts_for_nothing(portal: Portal) -> None:
    departure = cookies_set(ask(portal, "/oidc/authenticate/"))
    (value,) = [cookie["value"] for cookie in departure.values()]

    assert ask(portal, "/activity", cookie=f"gatehouse={value}").status_code == 302


def test_browsers_are_told_to_come_by_https_only(portal: Portal) -> None:
    for path in ("/", "/nowhere", "/oidc/callback/", "/static/portal/portal.css"):
        told = ask(portal, path).headers["Strict-Transport-Security"]

        assert told == "max-age=31536000; includeSubDomains; preload", path


def test_a_static_file_is_what_it_says_it_is(portal: Portal) -> None:
    answer = ask(portal, "/static/portal/favicon.svg")

    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_but_static_files_is_served_from_disk(
    portal: Portal, subtests: pytest.Subtests
) -> None:
    outside = (
        "static/../portal/settings.py",
        "static/%2e%2e/manage.py",
        "static//etc/passwd",
        "static/",
        "nginx/gatehouse.conf",
    )

    for path in outside:
        with subtests.test(path=path):
            answer = portal.raw(
                f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )

            assert status_of(answer) == 404
            assert b"SECRET_KEY" not in answer
            assert b"root:" not in answer


def test_the_address_a_trusted_proxy_saw_is_recorded(portal: Portal) -> None:
    ask(portal, "/oidc/callback/", **{"X-Forwarded-For": "198.51.100.9, 203.0.113.77, 10.1.2.3"})

    rows = portal.rows("accounts_auditevent")
    assert "203.0.113.77" in rows
    assert "198.51.100.9" not in rows


def test_a_header_with_an_underscore_is_not_the_one_with_a_hyphen(
    portal: Portal, subtests: pytest.Subtests
) -> None:
    for header in ("X_Forwarded_For", "X-Forwarded_For", "X_FORWARDED_FOR"):
        with subtests.test(header=header):
            answer = portal.raw(
                f"GET /oidc/callback/ HTTP/1.1\r\nHost: localhost\r\n{header}: 203.0.113.66\r\n"
                f"{header.replace('For', 'Proto').replace('FOR', 'PROTO')}: https\r\n"
                "Connection: close\r\n\r\n".encode()
            )

            assert status_of(answer) == 400
            assert b"Strict-Transport-Security" not in answer
            assert "203.0.113.66" not in portal.rows("accounts_auditevent")


def test_a_stranger_says_nothing_about_proxies(unproxied: Portal) -> None:
    headers = {**HTTPS, "X-Forwarded-For": "203.0.113.55", "X-Forwarded-Host": "evil.example"}
    with browser(**headers) as session:
        answer = session.get(f"{unproxied.url}/oidc/callback/")

    assert answer.status_code == 400
    assert "Strict-Transport-Security" not in answer.headers
    assert "203.0.113.55" not in unproxied.rows("accounts_auditevent")
    assert "127.0.0.1" in unproxied.rows("accounts_auditevent")


def test_no_header_of_a_stranger_says_who_somebody_is(unproxied: Portal) -> None:
    for header in ("X-AMZ-SSO_BEARER_TOKEN: x", "Remote_User: carol", "X_Forwarded_User: carol"):
        answer = unproxied.raw(
            f"GET /activity HTTP/1.1\r\nHost: localhost\r\n{header}\r\nConnection: close\r\n\r\n".encode()
        )

        assert status_of(answer) == 302, header


OTHER_HOSTS = ["evil.example", "localhost@evil.example", "localhost, evil.example"]
OTHER_HOSTS += ["localhost.evil.example"]


def test_another_host_gets_a_page_that_does_not_name_it(portal: Portal) -> None:
    for host in OTHER_HOSTS:
        answer = portal.raw(
            f"GET /keys HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )

        assert status_of(answer) == 400, host
        assert b"evil" not in answer, host


def test_the_way_to_the_provider_never_follows_a_header(portal: Portal) -> None:
    evil = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}

    answer = ask(portal, "/oidc/authenticate/?next=https://evil.example/", **evil)

    assert f"redirect_uri=https%3A%2F%2Flocalhost%3A{portal.port}%2F" in answer.headers["Location"]
    assert "evil" not in answer.headers["Location"]


MALFORMED: list[tuple[bytes, set[int]]] = [
    (b"GET /keys HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", {400}),
    (b"GET /keys HTTP/1.1\r\nConnection: close\r\n\r\n", {400}),
    (b"GET /keys\r\n\r\n", {400}),
    (b"GET /keys HTTP/9.9\r\nHost: localhost\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 414}),
    (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a" * 20000 + b"\r\n\r\n",
        {400, 431},
    ),
    # Nothing but gunicorn bounds a header that is no cookie, and less than all headers may be.
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20000 + b"\r\n\r\n", {431}),
    (
        b"GET / HTTP/1.1\r\nHost: localhost\r\n"
        + b"".join(b"X-%d: x\r\n" % number for number in range(100))
        + b"\r\n",
        {400, 431},
    ),
    (
        b"POST /keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400},
    ),
    (b"POST /keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", {400}),
    (
        b"POST /keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2"
        b"\r\n\r\nxx",
        {400},
    ),
    (
        b"GET /keys HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\nConnection: close\r\n\r\n",
        {400},
    ),
    (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {400}),
    (b"GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {404}),
    (
        b"GET /activity HTTP/1.1\r\nHost: localhost\r\nCookie: gatehouse=\xff\xfe\x80; =;;\r\n"
        b"Connection: close\r\n\r\n",
        {302, 400},
    ),
    (
        b"TRACE /keys HTTP/1.1\r\nHost: localhost\r\nCookie: gatehouse=secret\r\n"
        b"Connection: close\r\n\r\n",
        {302, 401, 405},
    ),
]


def test_a_malformed_request_is_refused_cleanly(portal: Portal, subtests: pytest.Subtests) -> None:
    for request, statuses in MALFORMED:
        with subtests.test(request=request[:100]):
            answer = portal.raw(request)

            assert status_of(answer) in statuses
            assert b"Traceback" not in answer
            assert b"secret" not in answer
            assert ask(portal, "/healthz").status_code == 200


def test_a_file_without_end_is_refused_before_it_is_read(portal: Portal) -> None:
    began = time.monotonic()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
        + b"a" * 32
        + b'\r\n--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        + b"x" * 200_000
    )

    answer = portal.raw(
        b"POST /keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\nX-Forwarded-Proto: https\r\n"
        b"Origin: https://localhost\r\nCookie: __Host-gatehouse-csrf=" + b"a" * 32 + b"\r\n"
        b"Connection: close\r\n\r\n" + body
    )

    assert status_of(answer) == 413
    assert time.monotonic() - began < 10


def test_a_form_that_is_too_long_is_refused(portal: Portal) -> None:
    with browser(**HTTPS, Cookie=f"__Host-gatehouse-csrf={'a' * 32}") as session:
        answer = session.post(
            f"http://localhost:{portal.port}/keys", data={"csrfmiddlewaretoken": "a" * 300_000}
        )

    assert answer.status_code in (403, 413)


def test_a_refused_request_leaves_no_query_in_the_log(portal: Portal) -> None:
    ask(portal, "/oidc/callback/?code=CODE-IN-THE-LOG&state=STATE-IN-THE-LOG")
    ask(portal, "/nowhere?code=CODE-IN-THE-LOG")

    said = portal.read_log()
    assert "/oidc/callback/" in said
    assert "IN-THE-LOG" not in said
