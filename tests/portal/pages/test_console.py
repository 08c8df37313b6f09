"""The console's pages: the region and the page asked for, the roles there are instead, and the way back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts import preferences
from accounts.models import Account, AuditEvent, SignIn
from tests import cast
from tests.browsers import PageFactory
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

DEV, PROD = "210987654321", "123456789012"
PAGE = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"


def look(client: Client, **query: str) -> tuple[int, str]:
    response = client.get("/console", query)
    return response.status_code, response.content.decode()


def sent_to(client: Client, **fields: str) -> dict[str, list[str]]:
    response: Any = client.post("/console", {"role": f"{DEV}/Developer", **fields})
    assert response.status_code == 303
    return parse_qs(urlsplit(response["Location"]).query)


# --- both ways of using a role --------------------------------------------------------------------


@pytest.mark.parametrize(("console", "keys"), [(True, True), (True, False), (False, True)])
def test_console_and_keys_lead_to_each_other_where_both_are_given(
    console: bool, keys: bool
) -> None:
    account, role = cast.account("a", "111122223333"), cast.permission_set("a+b")
    cast.offer(account, role)
    cast.mapping("payments", role, account, console=console, keys=keys)
    client, query = cast.signed_in("alice"), "account_id=111122223333&role_name=a%2Bb"

    led = {
        path: f'href="{other}?{query.replace("&", "&amp;")}"'
        in client.get(f"{path}?{query}").content.decode()
        for path, other in (("/keys", "/console"), ("/console", "/keys"))
    }

    assert led == {"/keys": console and keys, "/console": console and keys}


# --- a role that is not had -----------------------------------------------------------------------


def test_link_with_a_role_one_lacks_is_refused_and_offers_those_one_has() -> None:
    status, page = look(cast.signed_in("alice"), account_id=PROD, role_name="Operator")

    assert status == 403
    assert "The link names the role" in page
    assert f'value="{PROD}/ReadOnly"' in page
    assert f'value="{PROD}/Operator"' not in page
    assert [row.action for row in AuditEvent.objects.filter(action__startswith="access.")] == [
        "access.console.denied"
    ]


def test_link_with_a_role_for_keys_only_says_so_and_offers_the_others() -> None:
    account = cast.account("payments-test", "111122223333")
    for name, console in (("KeysOnly", False), ("Both", True)):
        role = cast.permission_set(name)
        cast.offer(account, role)
        cast.mapping("payments", role, account, console=console)

    status, page = look(cast.signed_in("alice"), account_id="111122223333", role_name="KeysOnly")

    assert status == 403
    assert "KeysOnly in this account is for keys only." in page
    assert 'value="111122223333/Both"' in page
    assert 'value="111122223333/KeysOnly"' not in page


@pytest.mark.parametrize("role", ["", "Operator"])
def test_unknown_account_and_one_of_others_are_answered_with_the_same_words(role: str) -> None:
    client = cast.signed_in("mallory")

    answers = []
    for account_id in (PROD, "999999999999"):
        response = client.get("/console", {"account_id": account_id, "role_name": role})
        page = response.content.decode().partition("<main")[2].replace(account_id, "ID")
        answers.append((response.status_code, page.replace(response["X-Request-Id"], "")))

    assert answers[0] == answers[1]
    assert answers[0][0] == 403
    assert "You have no role in this account that gives the console" in answers[0][1]


@pytest.mark.parametrize("path", ["/console", "/keys"])
def test_claims_that_did_not_arrive_whole_are_named_as_the_reason(path: str) -> None:
    overflowing = cast.subject("alice", groups=[], hasgroups=True)

    response = cast.signed_in(overflowing).get(path, {"account_id": PROD, "role_name": "ReadOnly"})

    assert response.status_code == 403
    assert "cannot decide which roles you have" in response.content.decode()


def test_choice_keeps_the_page_that_the_link_asks_for() -> None:
    _, page = look(cast.signed_in("alice"), account_id=DEV, destination=PAGE, region="eu-north-1")

    assert f'name="destination" value="{PAGE}"' in page
    assert 'name="region" value="eu-north-1"' in page
    assert "https://eu-north-1.console.aws.amazon.com/s3/home?region=eu-north-1" in page


def test_choice_refuses_a_page_elsewhere() -> None:
    status, page = look(
        cast.signed_in("alice"), account_id=DEV, destination="https://evil.example/"
    )

    assert status == 400
    assert "evil" not in page


@pytest.mark.parametrize("wrong", [{"destination": "https://evil.example/"}, {"region": "mars-1"}])
def test_link_to_a_page_that_cannot_be_leads_on_without_it(wrong: dict[str, str]) -> None:
    client = cast.signed_in("alice")
    asked = {"account_id": DEV, "role_name": "Developer", **wrong}

    for response in (client.get("/console", asked), client.post("/console", asked)):
        page = response.content.decode()
        assert response.status_code == 400
        assert f'href="/console?account_id={DEV}&amp;role_name=Developer"' in page
        assert "Continue without it" in page


# --- the region -----------------------------------------------------------------------------------


def test_region_of_another_partition_is_refused_on_both_methods() -> None:
    client = cast.signed_in("alice")
    for region in ("cn-north-1", "nowhere", "eu-west-1\x00", "x" * 5000):
        fields = {"account_id": DEV, "role_name": "Developer", "region": region}

        assert client.get("/console", fields).status_code == 400, f"{region:.20}"
        assert client.post("/console", fields).status_code == 400, f"{region:.20}"


def test_regions_of_the_accounts_partition_are_offered() -> None:
    _, page = look(
        cast.signed_in("alice"), account_id=DEV, role_name="Developer", region="eu-north-1"
    )

    assert "eu-west-1 · Europe (Ireland)" in page
    assert "cn-north-1" not in page
    assert page.count("selected") == 1


def test_console_opens_in_the_region_and_page_asked_for() -> None:
    asked = sent_to(cast.signed_in("alice"), region="eu-north-1", destination=PAGE)

    assert asked["Destination"] == [
        "https://eu-north-1.console.aws.amazon.com/s3/home?region=eu-north-1"
    ]


# --- back from an expired session -----------------------------------------------------------------


def test_way_back_leads_to_the_same_role_and_page_without_issuing_anything() -> None:
    client = cast.signed_in("alice")
    back = sent_to(client, region="eu-north-1", destination=PAGE)["Issuer"][0]

    response = client.get(back.removeprefix("http://localhost:8000"))

    page = response.content.decode()
    assert response.status_code == 200
    assert "Console of payments-dev as Developer" in page
    assert "https://eu-north-1.console.aws.amazon.com/s3/home?region=eu-north-1" in page
    assert AuditEvent.objects.filter(action="access.console.issued").count() == 1


def test_way_back_leads_through_the_sign_in_when_that_is_over_too() -> None:
    client = cast.signed_in("alice")
    back = sent_to(client, destination=PAGE)["Issuer"][0].removeprefix("http://localhost:8000")
    SignIn.objects.all().delete()

    response = client.get(back)

    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query)["next"] == [back]


# --- other console sessions -----------------------------------------------------------------------


def test_nobody_is_signed_out_of_another_account_who_did_not_ask_for_it() -> None:
    client = cast.signed_in("alice")

    assert sent_to(client)["Action"] == ["login"]
    assert (
        "This first ends all other AWS consoles"
        not in look(client, account_id=DEV, role_name="Developer")[1]
    )


def test_who_asked_for_it_is_signed_out_first_and_told_so() -> None:
    client = cast.signed_in("alice")
    preferences.save(person=SignIn.objects.get().person, sign_out_first=True, slash_searches=True)

    assert sent_to(client)["Action"] == ["logout"]
    assert (
        "This first ends all other AWS consoles"
        in look(client, account_id=DEV, role_name="Developer")[1]
    )


# --- in a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("signs_out", [False, True])
def test_console_opens_in_a_new_tab_on_both_ways_without_a_complaint_of_the_policy(
    signs_out: bool, page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    client = cast.signed_in("alice")
    preferences.save(
        person=SignIn.objects.get().person, sign_out_first=signs_out, slash_searches=True
    )
    page = page_factory(client=client)
    page.goto(f"{live_portal}/console?account_id={DEV}&role_name=Developer")

    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Open the console in a new tab").click()

    way = "oauth?Action=logout" if signs_out else "federation?Action=login"
    opened.value.wait_for_url(f"{aws.url}/{way}&**")
    assert opened.value.evaluate("opener") is None
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Console of payments-dev as Developer"
    )


@pytest.mark.browser
def test_link_of_identity_center_is_explained_where_no_script_can_follow_it(
    page_factory: PageFactory, live_portal: str
) -> None:
    for who in (None, "alice", "mallory"):
        page = page_factory(client=cast.signed_in(who) if who else None, java_script=False)

        page.goto(f"{live_portal}/start/#/console?account_id={DEV}&role_name=Developer")

        expect(page.get_by_text("need JavaScript")).to_be_visible()


@pytest.mark.browser
def test_link_of_identity_center_without_a_role_offers_the_roles_one_has(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))

    page.goto(f"{live_portal}/start/#/console?account_id={DEV}&destination={quote(PAGE, safe='')}")

    expect(page.get_by_role("button", name="Console of payments-dev as Developer")).to_be_visible()
    expect(page.get_by_text(PAGE)).to_be_visible()
    expect(page.get_by_text("need JavaScript")).to_be_hidden()


@pytest.mark.browser
def test_links_with_a_page_that_is_not_encoded_lose_nothing(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    start, role = "https://console.aws.amazon.com/", f"account_id={DEV}&role_name=Developer"
    whole = f"{start}cloudwatch/home?region=eu-west-1&x=1#alarmsV2:a&b"
    for link, opens in (
        (f"/start/#/console?{role}&destination={whole}", whole),
        (f"/start/#/console?destination={whole}&{role}", whole),
        (f"/start/#/console?{role}&destination={quote(whole, safe='')}", whole),
        (f"/console?{role}&destination={whole}", whole),
        (
            f"/console?{role}&destination={quote(start, safe='')}s3%3Fregion%3Deu-west-1#x",
            f"{start}s3?region=eu-west-1#x",
        ),
        (f"/console?{role}&destination={start}s3&region=eu-west-3", f"{start}s3?region=eu-west-3"),
    ):
        page.goto("about:blank")
        page.goto(f"{live_portal}{link}")

        expect(page.locator(".facts dd").first).to_have_text(opens)
        expect(page.locator("[data-left-over]")).to_have_count(0)


def test_link_says_which_of_its_parts_are_not_read() -> None:
    client = cast.signed_in("alice")
    for role_name in ("Developer", ""):
        _, page = look(
            client, account_id=DEV, role_name=role_name, destination=PAGE, **{'b"<': "1"}
        )
        assert "The link also holds “b&quot;&lt;”" in page

    assert "also holds" not in look(client, account_id=DEV, role_name="Developer", x="1")[1]


@pytest.mark.browser
def test_console_opens_in_the_same_tab_in_the_region_chosen_without_a_script(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)
    page.goto(f"{live_portal}/console?account_id={DEV}&role_name=Developer")

    page.get_by_text("Choose a region or a page").click()
    page.get_by_label("Region").select_option("ap-southeast-2")
    page.get_by_role("button", name="Open in this tab").click()

    page.wait_for_url(f"{aws.url}/federation?Action=login&**")
    destination = parse_qs(urlsplit(page.url).query)["Destination"]
    assert destination == ["https://console.aws.amazon.com/console/home?region=ap-southeast-2"]


def test_account_that_people_switch_to_says_why_there_are_no_keys_on_every_page() -> None:
    Account.objects.filter(account_id=DEV).update(trust_method="switch-role")
    alice, role = cast.signed_in("alice"), {"account_id": DEV, "role_name": "Developer"}

    start = alice.get("/").content.decode()
    keys = alice.get("/keys", role)
    asked = alice.get("/console", role | {"region": "eu-west-1"}).content.decode()
    chosen = alice.get("/console", {"account_id": DEV, "region": "eu-west-1"}).content.decode()

    assert start.count("No keys: you switch role at AWS") == 1
    assert keys.status_code == 403
    assert "This account gives no keys" in keys.content.decode()
    assert f'href="/console?account_id={DEV}&amp;role_name=Developer"' in keys.content.decode()
    assert "I need the role" not in keys.content.decode()
    for page in (asked, chosen):
        assert "You switch to this role with your own AWS sign-in." in page
        assert "The page that your link names is not opened." in page
        assert 'name="region"' not in page
    assert not AuditEvent.objects.filter(action="access.console.issued").exists()


def test_form_leads_to_the_switch_role_page_of_aws() -> None:
    Account.objects.filter(account_id=DEV).update(trust_method="switch-role")

    opened = cast.signed_in("alice").post("/console", {"role": f"{DEV}/Developer"})

    assert opened.status_code == 303
    assert urlsplit(opened["Location"]).path == "/switchrole"
    assert AuditEvent.objects.filter(action="access.console.issued").count() == 1
