"""The page of command lines: the whole config file, which is all that it gives."""

from __future__ import annotations

import gzip
import html
import re
from pathlib import Path

import pytest
from botocore.configloader import load_config
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.entitlements import resolve
from accounts.models import AuditEvent, Preferences
from accounts.types import Kind
from tests import cast
from tests.browsers import PageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def command(settings: Settings) -> None:
    """A portal with a sign-in for the command `gatehouse`."""
    settings.API_CLIENT_ID = "gatehouse-cli"


def shown(client: Client, **query: str) -> str:
    """Return the file that the page shows."""
    page = client.get("/cli", query)
    assert page.status_code == 200
    return html.unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", page.content.decode(), re.DOTALL)[0])


def test_signed_out_visitor_sees_nothing(client: Client) -> None:
    for path in ("/cli", "/cli/config"):
        response = client.get(path)
        assert response.status_code == 302
        assert "oidc/authenticate" in response["Location"]


@pytest.mark.usefixtures("northwind")
def test_file_has_a_profile_for_each_role_with_keys_and_no_other_and_issues_nothing(
    tmp_path: Path,
) -> None:
    client = cast.signed_in("alice")
    before = AuditEvent.objects.count()

    (tmp_path / "config").write_text(shown(client))
    downloaded = client.get("/cli/config")

    read = load_config(str(tmp_path / "config"))
    entitled = {
        (one.role.account_id, one.role.role_name)
        for one in resolve(subject=cast.subject("alice"), now=timezone.now()).giving(Kind.KEYS)
    }
    assert entitled
    assert {
        (each["sso_account_id"], each["sso_role_name"]) for each in read["profiles"].values()
    } == entitled
    assert downloaded.content.decode() == f"{shown(client)}\n"
    assert downloaded["Content-Disposition"] == 'attachment; filename="config"'
    assert AuditEvent.objects.count() == before


@pytest.mark.usefixtures("northwind")
def test_search_keeps_the_names_and_says_when_nothing_is_found() -> None:
    client = cast.signed_in("alice")

    whole, some = shown(client), shown(client, q="payments-dev ReadOnly")
    nothing = client.get("/cli", {"q": "nowhere"}).content.decode()

    assert re.findall(r"\[profile (.*)\]", some) == ["payments-dev_ReadOnly"]
    assert "[profile payments-dev_ReadOnly]" in whole
    assert "No role with keys matches." in nothing
    assert "<pre" not in nothing.partition("nowhere")[2].partition("Names of profiles")[0]


@pytest.mark.usefixtures("northwind")
def test_kind_of_the_command_is_there_only_where_people_can_sign_in_with_it(
    settings: Settings,
) -> None:
    client = cast.signed_in("alice")

    assert "credential_process" not in shown(client, kind="process")
    settings.API_CLIENT_ID = "gatehouse-cli"
    assert "credential_process = gatehouse credentials" in shown(client, kind="process")


@pytest.mark.usefixtures("northwind", "command")
def test_command_is_safe_in_every_shell_or_not_there() -> None:
    client = cast.signed_in("alice")

    def command(q: str) -> list[str]:
        page = client.get("/cli", {"q": q}).content.decode()
        return re.findall(r"gatehouse config --portal [^<]*", html.unescape(page))

    assert command("dev $(id)") == command('dev "; id') == command("dev `id`") == []
    assert command("dev %PATH%") == command("dev\nid") == []
    assert command("payments dev") == [
        'gatehouse config --portal http://localhost:8000 --write --sso --search "payments dev"'
    ]


@pytest.mark.usefixtures("northwind")
def test_default_names_the_endpoints_only_if_asked() -> None:
    client = cast.signed_in("alice")

    assert "[default]" not in shown(client)
    assert "[default]\nservices = localhost-8000\n" in shown(client, default="1")


@pytest.mark.usefixtures("northwind")
def test_pattern_is_kept_and_a_bad_one_is_shown_again_and_changes_nothing() -> None:
    client = cast.signed_in("alice")

    bad = client.post("/cli", {"profile_pattern": "{role}"})
    assert bad.status_code == 400
    assert 'value="{role}"' in bad.content.decode()
    assert "The pattern needs {role}, and {account} or {account_id}." in bad.content.decode()
    assert not Preferences.objects.exists()

    good = client.post("/cli", {"profile_pattern": "{role}@{account}", "q": "payments-dev"})
    assert (good.status_code, good["Location"]) == (303, "/cli?q=payments-dev")
    assert "[profile Developer@payments-dev]" in shown(client)


def test_pattern_of_the_preferences_that_is_refused_loses_nothing() -> None:
    client = cast.signed_in("alice")

    page = client.post("/preferences", {"profile_pattern": "{role}", "sign_out_first": "on"})

    assert page.status_code == 400
    assert 'value="{role}"' in page.content.decode()
    assert "Nothing was saved." in page.content.decode()
    assert not Preferences.objects.exists()


@pytest.mark.usefixtures("northwind")
def test_form_without_its_token_changes_nothing() -> None:
    client = cast.signed_in("alice")
    client.handler.enforce_csrf_checks = True

    response = client.post("/cli", {"profile_pattern": "{role}@{account}"})

    assert response.status_code == 403
    assert not Preferences.objects.exists()


def test_twelve_hundred_roles_cost_as_many_queries_as_a_few_and_little_on_the_wire(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    sets = [cast.permission_set(f"Role{number}") for number in range(4)]
    for number in range(300):
        account = cast.account(f"account-{number:03}", f"{number:012}")
        for what in sets:
            cast.offer(account, what)
    for what in sets:
        cast.mapping("payments", what, "all", name=what.name)
    client = cast.signed_in("alice")

    with django_assert_max_num_queries(12):
        page = client.get("/cli", headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(page.content).count(b"[profile ") == 1200
    assert len(page.content) < 40_000


@pytest.mark.browser
@pytest.mark.usefixtures("northwind", "command")
def test_copy_and_download_give_what_is_shown(page_factory: PageFactory, live_portal: str) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_portal}/cli?kind=process")
    file = page.get_by_role("group", name="The file").text_content()

    page.get_by_role("button", name="Copy the file").click()
    expect(page.get_by_role("button", name="Copied the file")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()

    assert page.evaluate("navigator.clipboard.readText()") == file
    assert download.value.suggested_filename == "config"
    assert Path(download.value.path()).read_text() == f"{file}\n"
