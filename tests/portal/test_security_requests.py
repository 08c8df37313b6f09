"""Requests nobody's browser would send on its own: forged, replayed, malformed, too large."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import Settings

from accounts import signins
from accounts.models import AuditEvent, Mapping, SignIn
from accounts.signing.documents import DISCOVERY_PATH, KEY_SET_PATH
from portal.surfaces import area_of
from tests import cast
from tests.portal.api.test_portal_tokens import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ROLE = {"account_id": "210987654321", "role_name": "Developer"}


def strict(client: Client) -> Client:
    """Have Django check CSRF, as for a browser."""
    client.handler.enforce_csrf_checks = True
    return client


def addresses() -> Iterator[str]:
    """Every address there is, with something where an address has a variable."""
    found: list[tuple[str, URLPattern | URLResolver]] = [
        ("/", entry) for entry in get_resolver().url_patterns
    ]
    while found:
        prefix, entry = found.pop()
        path = prefix + sample(str(entry.pattern))
        if isinstance(entry, URLResolver):
            found += [(path, child) for child in entry.url_patterns]
        else:
            yield path


def sample(pattern: str, *, number: str = "1") -> str:
    """Return an address that a pattern matches; `number` stands where it has a variable."""
    if pattern.startswith("(?P<url>"):
        return "anything"
    if pattern.startswith("^(?P<app_label>"):
        return "accounts/"
    pattern = re.sub(r"<uuid:\w+>", "00000000-0000-0000-0000-000000000000", pattern)
    pattern = re.sub(r"<(path|int|str|slug):\w+>|<\w+>", number, pattern)
    return pattern.removeprefix("^").removesuffix("$")


ADDRESSES = sorted(set(addresses()))
FORMS = ["/keys", "/console", "/oidc/logout/", "/admin/accounts/account/add/"]
FORMS += ["/admin/accounts/mapping/", "/admin/accounts/person/1/change/", "/admin/login/"]
FORMS += ["/authorize", "/device"]


def test_the_addresses_are_those_of_the_whole_portal() -> None:
    assert {"/", "/keys", "/console", "/activity", "/oidc/callback/", "/oidc/logout/"} <= {
        *ADDRESSES
    }
    assert "/admin/accounts/auditevent/1/delete/" in ADDRESSES
    assert len(ADDRESSES) > 50


def test_no_address_takes_a_form_without_a_token(subtests: pytest.Subtests) -> None:
    carol = strict(cast.signed_in("carol"))
    before = AuditEvent.objects.count()

    for path in ADDRESSES:
        # Programs bring a bearer token; a cookie is nothing there.
        area = area_of(path)
        # 503: the provider's calls wait for its keys, and it is not there.
        refusals = (400, 401, 403, 405, 503) if area.for_programs else (403,)
        with subtests.test(path=path):
            assert carol.post(path, {**ROLE, "post": "yes"}).status_code in refusals
            assert AuditEvent.objects.count() == before
            assert SignIn.objects.filter(ended_at=None).count() == 1


OTHER_SITES = [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
OTHER_ORIGINS = [
    {"Origin": origin}
    for origin in (
        "https://evil.example",
        "http://localhost:9",
        "https://localhost:8000",
        "null",
        "x",
    )
]


def test_no_form_of_another_site_or_origin_passes_even_with_a_token(
    subtests: pytest.Subtests,
) -> None:
    carol = strict(cast.signed_in("carol"))
    token = str(carol.get("/").context["csrf_token"])
    fields = {**ROLE, "csrfmiddlewaretoken": token}

    for path, headers in product(FORMS, OTHER_SITES + OTHER_ORIGINS):
        with subtests.test(path=path, **headers):
            assert carol.post(path, fields, headers=headers).status_code == 403
            assert SignIn.objects.filter(ended_at=None).count() == 1
    own_form = carol.post("/oidc/logout/", fields, headers={"Sec-Fetch-Site": "same-origin"})
    assert own_form.status_code == 302


def test_the_token_of_somebody_else_is_refused() -> None:
    alice, mallory = strict(cast.signed_in("alice")), strict(cast.signed_in("mallory"))
    token = str(mallory.get("/").context["csrf_token"])
    alice.get("/")

    response = alice.post("/keys", {**ROLE, "csrfmiddlewaretoken": token})

    assert response.status_code == 403
    assert not AuditEvent.objects.filter(action__startswith="access.").exists()


def test_no_method_but_post_asks_for_keys_or_the_console(subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")
    query = "?account_id=210987654321&role_name=Developer&duration=900&csrfmiddlewaretoken=x"
    methods = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE")

    for path, method in product(("/keys", "/console"), methods):
        with subtests.test(path=path, method=method):
            override = {"X-HTTP-Method-Override": "POST"}
            response = alice.generic(method, path + query, headers=override)

            assert response.status_code == (200 if method in ("GET", "HEAD") else 405)
            assert b"ASIA" not in response.content
            assert not AuditEvent.objects.filter(action__startswith="access.").exists()


UNAVAILABLE = ("/oidc/authenticate/", DISCOVERY_PATH, KEY_SET_PATH)


def test_looking_at_an_address_changes_nothing(subtests: pytest.Subtests) -> None:
    carol = cast.signed_in("carol")
    # Refusals are recorded, and change nothing.
    changes = AuditEvent.objects.exclude(action="signin.person.failed").exclude(
        action__endswith=".denied"
    )
    before = changes.count()

    for path, method in product(ADDRESSES, ("GET", "HEAD")):
        with subtests.test(path=path, method=method):
            status = carol.generic(method, path).status_code
            # The provider is not there, and no signing key: 503 is what says so.
            assert status < 500 or (status == 503 and path in UNAVAILABLE)
            assert changes.count() == before
            assert SignIn.objects.filter(ended_at=None).count() == 1


OTHER_HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:8000",
    "localhost@evil.example",
    "localhost:8000@evil.example",
    "localhost, evil.example",
    "localhost/evil",
    "*",
    "",
    "[::1]",
    "127.0.0.2",
]


def test_another_host_is_refused_with_a_page(subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")

    for host in OTHER_HOSTS:
        with subtests.test(host=host):
            response = alice.get("/keys", ROLE, headers={"Host": host})

            assert response.status_code == 400
            assert "could not be read" in response.content.decode()
            assert host == "" or f"//{host}" not in response.content.decode()


HEADERS_OF_HOSTS = ["X-Forwarded-Host", "X-Original-Host", "Forwarded", "X-Host"]
HEADERS_OF_HOSTS += ["X-Forwarded-Server"]


def test_no_header_but_host_names_the_host(client: Client, subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")

    for header in HEADERS_OF_HOSTS:
        with subtests.test(header=header):
            response = client.get("/keys", ROLE, headers={header: "host=evil.example"})

            assert response.status_code == 302
            assert "evil" not in response["Location"]
            assert "evil" not in alice.get("/", headers={header: "evil"}).content.decode()


HEADERS_OF_PEOPLE = ["Remote-User", "X-Forwarded-User", "X-Remote-User", "X-Auth-Request-Email"]
HEADERS_OF_PEOPLE += ["Authorization"]


def test_no_header_says_who_somebody_is(client: Client, subtests: pytest.Subtests) -> None:
    cast.sign_in("carol")

    for header, value in product(
        HEADERS_OF_PEOPLE, ("carol@northwind.example", "Bearer sub-carol")
    ):
        with subtests.test(header=header, value=value):
            assert client.get("/activity", headers={header: value}).status_code == 302
            assert client.get("/admin/", headers={header: value}).status_code == 302


def test_the_rewritten_address_of_a_proxy_counts_for_nothing(client: Client) -> None:
    for header in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Prefix"):
        assert client.get("/activity", headers={header: "/healthz"}).status_code == 302


def test_a_file_is_refused_before_it_is_kept_anywhere(subtests: pytest.Subtests) -> None:
    clients = {"nobody": strict(Client()), "alice": strict(cast.signed_in("alice"))}
    paths = ("/keys", "/oidc/logout/", "/admin/accounts/account/add/")

    for who, path in product(clients, paths):
        clients[who].cookies[django_settings.CSRF_COOKIE_NAME] = "a" * 32
        file = SimpleUploadedFile("keys.csv", b"x" * 3_000_000)
        with subtests.test(who=who, path=path):
            response = clients[who].post(path, {"csrfmiddlewaretoken": "a" * 32, "file": file})

            assert response.status_code == 413
            assert "larger than this portal accepts" in response.content.decode()


OTHER_KINDS_OF_FORM = [
    ("multipart/form-data; boundary=", b"x"),
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n"),
    ("application/x-www-form-urlencoded; charset=utf-16", b"a=%ff%fe"),
    ("application/json", b'{"account_id": "210987654321", "role_name": "Developer"}'),
    ("text/plain", b"account_id=210987654321&role_name=Developer"),
]


def test_a_form_of_another_kind_is_refused_with_a_page(subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")

    for kind, body in OTHER_KINDS_OF_FORM:
        with subtests.test(kind=kind):
            response = alice.generic("POST", "/keys", body, content_type=kind)

            assert response.status_code in (400, 403)
            assert b"ASIA" not in response.content


def test_a_query_with_too_many_fields_is_answered(subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")
    query = {str(n): "x" for n in range(1500)}

    for path in ("/keys", "/console", "/", "/activity"):
        with subtests.test(path=path):
            assert alice.get(path, query_params=query).status_code in (200, 400, 403)


COOKIES = ["gatehouse", "gatehouse-csrf", "gatehouse-signin-0", "sessionid"]
JUNK = ["", "x", "\x00" * 40, "\xff\xfe", "a" * 32, "../../../../x", '"\\054"', "%00%00", "é" * 20]


def test_a_broken_cookie_is_nobody(subtests: pytest.Subtests) -> None:
    cast.sign_in("carol")

    for name, value in product(COOKIES, JUNK):
        client = Client(headers={"cookie": f"{name}={value}"})
        for path in ("/activity", "/keys", "/admin/", "/oidc/callback/?state=x&code=y"):
            with subtests.test(name=name, value=value, path=path):
                response = client.get(path)

                assert response.status_code in (302, 400)
                location = response.get("Location", "/oidc/authenticate/")
                assert location.startswith("/oidc/authenticate/")
    assert SignIn.objects.count() == 1


def test_a_session_that_names_no_sign_in_of_ours_is_nobody() -> None:
    client = cast.signed_in("alice")

    for value in ("", "00000000-0000-0000-0000-000000000000"):
        session = client.session
        session["sign_in"] = value
        session.save()

        assert client.get("/activity").status_code == 302, value


def test_a_session_key_that_somebody_planted_never_becomes_a_sign_in() -> None:
    client = Client()
    client.cookies["gatehouse"] = "planted0planted0planted0planted0"

    client.get("/oidc/authenticate/")
    client.get("/activity")

    assert not Session.objects.filter(session_key="planted0planted0planted0planted0").exists()
    assert client.cookies["gatehouse"].value != "planted0planted0planted0planted0"


def test_a_sign_in_ended_elsewhere_is_dead_at_the_next_request() -> None:
    alice = cast.signed_in("alice")
    assert alice.get("/activity").status_code == 200

    sign_in = SignIn.objects.get()
    signins.end(sign_in=sign_in, reason="elsewhere", origin=cast.ORIGIN, now=timezone.now())

    assert alice.get("/activity").status_code == 302
    assert alice.post("/keys", ROLE).status_code == 401
    assert not Session.objects.exists()


def test_the_cookie_of_before_a_sign_out_opens_nothing_after_it() -> None:
    alice = cast.signed_in("alice")
    kept = alice.cookies["gatehouse"].value

    assert alice.post("/oidc/logout/").status_code == 302

    again = Client(headers={"cookie": f"gatehouse={kept}"})
    assert again.get("/activity").status_code == 302
    assert again.post("/keys", ROLE).status_code == 401


def test_an_entitlement_that_ends_between_page_and_form_gives_nothing() -> None:
    alice = cast.signed_in("alice")
    assert alice.get("/keys", ROLE).status_code == 200

    Mapping.objects.update(enabled=False)

    assert alice.post("/keys", ROLE).status_code == 403
    assert alice.post("/console", ROLE).status_code == 403


def test_own_activity_is_all_that_anybody_sees() -> None:
    alice, mallory = cast.signed_in("alice"), cast.signed_in("mallory")
    mallory.post("/keys", ROLE)
    row = AuditEvent.objects.get(action="access.keys.denied")

    shown = f'id="row-{row.id}"'
    for query in ("", "?before=999999", "?person=mallory", "?issuer=x&sub=sub-mallory&page=1"):
        assert shown not in alice.get(f"/activity{query}").content.decode()
    assert shown in mallory.get("/activity").content.decode()


HIDDEN_LOOKUPS = [
    "encrypted_id_token__startswith",
    "encrypted_refresh_token__contains",
    "encrypted_id_token",
    "ip__regex",
    "claims__groups__iregex",
    "person__email__startswith",
]
MODELS = ["account", "mapping", "person", "auditevent", "permissionset"]


def test_no_column_that_is_kept_apart_answers_to_the_admins_address() -> None:
    carol = cast.signed_in("carol")

    statuses = {
        lookup: carol.get("/admin/accounts/signin/", {lookup: "g"}).status_code
        for lookup in HIDDEN_LOOKUPS
    }

    assert statuses == dict.fromkeys(HIDDEN_LOOKUPS, 400)


def test_no_regular_expression_is_run_for_an_address() -> None:
    carol = cast.signed_in("carol")

    statuses = {
        model: carol.get(f"/admin/accounts/{model}/", {"name__regex": "(a+)+$"}).status_code
        for model in MODELS
    }

    assert statuses == dict.fromkeys(MODELS, 400)


def test_filters_that_the_admin_offers_work() -> None:
    carol = cast.signed_in("carol")

    assert carol.get("/admin/accounts/signin/", {"ended_at__isnull": "True"}).status_code == 200
    assert carol.get("/admin/accounts/person/", {"blocked": "no"}).status_code == 200


def test_the_admin_of_djangos_own_tables_opens_for_nobody() -> None:
    carol = cast.signed_in("carol")

    for path in ("/admin/auth/group/", "/admin/auth/user/", "/admin/sessions/"):
        assert carol.get(path).status_code in (403, 404), path


def test_details_of_a_defect_are_never_shown(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    alice = cast.signed_in("alice")
    alice.raise_request_exception = False

    def broken(*args: Any, **kwargs: Any) -> None:
        secret = "a secret that a local variable holds"
        raise RuntimeError(secret)

    monkeypatch.setattr("portal.pages.keys.entitled", broken)
    page = alice.get("/keys", ROLE).content.decode()

    assert "Something went wrong" in page
    for told in ("secret", "Traceback", "RuntimeError", "settings", "portal/pages"):
        assert told not in page
    assert settings.DEBUG is False


BAD_TEXTS = ("x\x00y\ud800", "9" * 5000, str(2**63))
NAMES = [
    "account_id",
    "role_name",
    "role",
    "destination",
    "region",
    "duration",
    "several",
    "q",
    "star",
    "unstar",
    "up",
    "down",
    "arrange",
    "pressed",
    "next",
    "state",
    "code",
    "error",
    "iss",
    "user_code",
    "client_id",
    "redirect_uri",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "response_type",
    "name",
    "id",
    "_state",
    "_selected_action",
    "action",
    "action_checkbox",
    "o",
    "p",
    "e",
    "term",
    "app_label",
    "model_name",
    "field_name",
    "from",
    "to",
    "actor",
    "limit",
    "cursor",
    "at__gte",
    "issuer__id__exact",
    "permission_set__id__exact",
    "targets-TOTAL_FORMS",
    "targets-INITIAL_FORMS",
    "targets-0-id",
    "clientId",
    "clientSecret",
    "clientName",
    "clientType",
    "grantType",
    "deviceCode",
    "refreshToken",
    "startUrl",
    "max_result",
    "next_token",
]


def test_text_that_no_database_or_parser_takes_is_refused_and_never_a_defect(
    subtests: pytest.Subtests, settings: Settings
) -> None:
    for limit in (
        "PAGES_RATE_LIMIT",
        "SIGN_IN_RATE_LIMIT",
        "API_BAD_TOKEN_LIMIT",
        "SSO_RATE_LIMIT",
    ):
        setattr(settings, limit, "1000000/second")
    carol = cast.signed_in("carol")
    carol.raise_request_exception = False
    bearer = {"Authorization": f"Bearer {make('carol')}"}
    for address in ADDRESSES:
        if address == "/oidc/logout/":
            continue
        answers: dict[tuple[str, str], Any] = {}
        sent: dict[str, Any] = {"headers": bearer if address.startswith("/api/") else {}}
        for text in BAD_TEXTS:
            form = dict.fromkeys(NAMES, text)
            sendable = dict.fromkeys(NAMES, _sendable(text))
            answers |= {
                ("GET", text[:9]): carol.get(address, sendable, **sent),
                ("POST", text[:9]): carol.post(address, sendable, **sent),
                ("JSON", text[:9]): carol.post(
                    address, form, content_type="application/json", **sent
                ),
            }
        answers["JSON", "deep"] = carol.post(
            address, "[" * 50_000, content_type="application/json", **sent
        )
        with subtests.test(address):
            bad = {
                key: each.status_code for key, each in answers.items() if each.status_code == 500
            }
            assert not bad
    assert carol.get("/").status_code == 200


def test_headers_that_cannot_be_stored_are_no_defect() -> None:
    text = _sendable("x\x00y\ud800")
    for address in ("/", "/oidc/authenticate/", "/api/v1/me", "/assignment/accounts", "/nowhere"):
        headers = {
            "User-Agent": text,
            "Authorization": f"Bearer {text}",
            "x-amz-sso_bearer_token": text,
        }
        assert Client().get(address, headers=headers).status_code != 500


def test_a_field_of_its_own_that_cannot_be_stored_is_refused_with_a_page() -> None:
    alice = cast.signed_in("alice")

    for answer in (
        alice.post("/favourites", {"unstar": "\x00"}),
        alice.get("/", {"q": "x\x00"}),
        alice.get("/nowhere/\x00"),
    ):
        assert answer.status_code == 400
        assert "could not be read" in answer.content.decode()


def test_cookies_without_end_are_refused_before_anything_reads_them() -> None:
    many = "; ".join(f"gatehouse-signin-{number:016x}=1.{number}" for number in range(30_000))
    for cookies in (
        many,
        many[:15_000],
        "x=" + "y" * 20_000,
        'x="' + "\\" * 8000 + '"',
    ):
        begun = time.monotonic()
        answers = [
            Client().get(path, headers={"Cookie": cookies}) for path in ("/", "/oidc/authenticate/")
        ]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert "cookies" in answers[0].content.decode()
        assert time.monotonic() - begun < 2
    assert (
        Client().get("/api/v1/me", headers={"Cookie": many}).json()["error"]["code"]
        == "request.invalid"
    )


def test_headers_are_bounded_altogether() -> None:
    headers = {f"X-Filler-{number}": "x" * 8000 for number in range(10)}

    assert Client().get("/", headers=headers).status_code == 400


def _sendable(text: str) -> str:
    """Return what a form can carry of a text: half of a surrogate pair is no UTF-8."""
    return text.encode(errors="replace").decode()[:9000]
