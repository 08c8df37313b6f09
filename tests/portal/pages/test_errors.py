"""Whatever goes wrong ends in a page that says what to do, and never in a secret."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from accounts.errors import AwsRefused, GatehouseError, SignInAgain
from portal.pages import errors
from tests import cast

ASKED = {"account_id": "210987654321", "role_name": "Developer"}


@pytest.fixture
def quiet() -> Client:
    """A browser that gets the error page where Django's test client would raise."""
    return Client(raise_request_exception=False)


def test_unknown_address_gets_a_page(client: Client) -> None:
    response = client.get("/nowhere")

    assert response.status_code == 404
    assert "nothing at this address" in response.content.decode()


@pytest.mark.django_db
def test_request_of_a_kind_that_is_not_taken_gets_a_page() -> None:
    client = cast.signed_in("alice")
    for method, path, allowed in (
        ("GET", "/oidc/logout/", "POST"),
        ("PUT", "/keys", "GET, HEAD, POST"),
        ("POST", "/oidc/callback/", "GET"),
    ):
        response = client.generic(method, path)

        assert (response.status_code, response["Allow"]) == (405, allowed)
        assert "Nothing was changed" in response.content.decode()
        assert response["X-Request-Id"] in response.content.decode()
    assert client.get("/activity").status_code == 200


@pytest.mark.django_db
def test_oversized_form_is_refused_and_nobody_is_signed_out() -> None:
    client = cast.signed_in("alice")

    response = client.post("/keys", {**ASKED, "more": "x" * 300_000})

    assert response.status_code == 413
    assert "Nothing was changed" in response.content.decode()
    assert client.get("/activity").status_code == 200


@pytest.mark.django_db
def test_form_with_too_many_fields_is_refused(settings: Settings) -> None:
    fields = range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)

    response = cast.signed_in("alice").post("/keys", {str(n): "x" for n in fields})

    assert response.status_code == 400


@pytest.mark.django_db
def test_broken_session_cookie_is_refused_and_deleted() -> None:
    for cookie in ('"\\000aaaaaaaaaaaa"', "ÿÿÿÿÿÿÿÿÿ", "../../../../etc"):
        response = Client(headers={"cookie": f"gatehouse={cookie}"}).get("/keys")

        assert response.status_code == 400, cookie
        assert response.cookies["gatehouse"]["max-age"] == 0, cookie


@pytest.mark.django_db
def test_unknown_session_cookie_is_nobodys() -> None:
    for cookie in ("", "unknown", "a" * 32, "x" * 7000):
        response = Client(headers={"cookie": f"gatehouse={cookie}"}).get("/")

        assert response.status_code == 200, f"{cookie:.20}"
        assert "Sign in" in response.content.decode(), f"{cookie:.20}"


@pytest.mark.django_db
def test_ended_sign_in_is_nobodys() -> None:
    client = cast.signed_in("alice", now=cast.NOON.replace(year=2020))

    assert client.get("/keys", ASKED).status_code == 302


@pytest.mark.django_db
def test_database_that_is_down_is_said_and_is_no_defect(quiet: Client) -> None:
    cookies = cast.signed_in("alice").cookies

    def down(*args: object) -> None:
        raise OperationalError("password=hunter2")

    quiet.cookies = cookies
    with connection.execute_wrapper(down):
        response = quiet.get("/")

    assert response.status_code == 503
    assert "cannot reach its database" in response.content.decode()
    assert "hunter2" not in response.content.decode()


@pytest.mark.django_db
def test_database_that_is_not_migrated_is_said_and_is_no_defect(quiet: Client) -> None:
    quiet.cookies = cast.signed_in("alice").cookies
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_preferences RENAME COLUMN sign_out_first TO another")

    response = quiet.get("/preferences")

    assert response.status_code == 503
    assert "not prepared for this version" in response.content.decode()
    assert "manage.py migrate" in response.content.decode()
    assert "sign_out_first" not in response.content.decode()


def test_defect_gets_a_page_without_its_text(
    quiet: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SUPPORT_CONTACT = "https://help.northwind.example"

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("portal.pages.errors._page", broken)
    response = quiet.get("/nowhere")

    page = response.content.decode()
    assert response.status_code == 500
    assert "Something went wrong" in page
    assert "https://help.northwind.example" in page
    assert response["X-Request-Id"] in page
    assert "secret" not in page


def answer(error: GatehouseError, who: str = "", method: str = "GET", path: str = "/keys") -> str:
    request = cast.request(path, who, method=method)
    return errors.error_page(request, error).content.decode()


@pytest.mark.django_db
def test_admin_message_is_kept_from_everybody_else() -> None:
    error = AwsRefused("Contact your portal admins.", "the hub may not assume the role")

    assert "the hub may not" not in answer(error, "alice")
    assert "the hub may not" not in answer(error)
    assert "the hub may not" in answer(error, "carol")


@pytest.mark.django_db
def test_blocked_person_is_told_so_and_not_sent_round_in_circles() -> None:
    page = answer(SignInAgain("You are blocked.", code="signin.blocked"))

    assert "You are blocked." in page


def test_failing_sign_in_does_not_lead_to_itself() -> None:
    assert "Ended." in answer(SignInAgain("Ended."), path="/oidc/callback/")


def test_page_for_others_says_so() -> None:
    response = errors.permission_denied(cast.request("/"), PermissionDenied())

    assert response.status_code == 403


@pytest.mark.django_db
def test_hostile_names_are_inert() -> None:
    evil = "<script>alert(1)</script>\"'"
    where = cast.account(evil, "111111111111", organizational_unit=evil, tags={evil: evil})
    what = cast.permission_set("Evil", description=evil)
    cast.offer(where, what)
    cast.mapping(evil, what, where, name=evil)
    who = cast.subject("alice", groups=[evil])
    client = cast.signed_in(who)

    pages = [
        client.get("/").content,
        client.get("/", {"q": evil}).content,
        client.get("/keys", {"account_id": "111111111111", "role_name": "Evil"}).content,
        client.get("/console", {"account_id": "111111111111"}).content,
        client.get("/activity").content,
        cast.signed_in(cast.subject("mallory", groups=[evil + "x"])).get("/").content,
    ]

    assert not any(b"<script>alert" in page for page in pages)
