"""The start page in a real browser: search as one types, by keyboard, with stars, whole and without a script."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from accounts import favourites
from accounts.models import Account, PermissionSet, Person, SignIn
from accounts.types import RoleRef
from portal.pages import account_html, start
from portal.pages import search as server
from tests import cast
from tests.browsers import PageFactory, follow
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind")]

DEV, PROD = "210987654321", "123456789012"

# What is on the page for people to see, in order: headings, tiles and roles with their marks.
SEEN = """() => [...document.querySelectorAll('#tiles h2, .tile, #accounts h2, .account, .role')]
    .filter((one) => one.checkVisibility())
    .map((one) => one.matches('h2') ? one.innerHTML : [
        one.dataset.role ?? one.querySelector('input')?.value ?? '',
        ...[...one.querySelectorAll('.role-name, .name, .where')]
            .filter((part) => part.closest('li') === one && part.checkVisibility())
            .map((part) => part.innerHTML.trim())])"""

SEARCHES = [
    "",
    " ",
    "prod",
    "PAYMENTS developer",
    "2109876",
    "workloads dev",
    "Workloads/Pay",
    "nowhere",
    "production read",
    "team=pay",
    "only",
    "ay ym",
    "straße",
    "İstanbul",
    "o",
    "<b>",
    "priv",
    "operator prod",
    "zurich",
    "Zürich oslo",
]

TEXTS = [
    ("payments-prod", "pay prod"),
    ("aaaa", "aa"),
    ("Straße İstanbul ΣΑΣ", "STRASSE istanbul σας ß i̇s"),
    ("a\u00a0b\u3000c\x1fd", "a\u00a0b\u3000c \x1fd"),
    ("<b>&amp;</b>", "<b> amp"),
    ("🙂ok🙂", "🙂 K"),
    ("x", "y" * 300 + " x"),
    ("Zürich Łódź Ørsted", "zurich ŁÓDŹ orsted"),
    ("Zu\u0308rich", "zürich u"),
    ("", "x"),
    ("x", ""),
]


@pytest.fixture
def _tagged(northwind: None) -> None:
    Account.objects.filter(account_id=DEV).update(
        tags={
            "team": "payments",
            "city": "İstanbul",
            "street": "Straße",
            "cities": "Zürich Øslo",
            "odd": "<b>",
        }
    )
    what = PermissionSet.objects.get(name="Operator")
    cast.mapping("payments", what, Account.objects.get(account_id=PROD))


def favourite(page_of: str, *roles: tuple[str, str]) -> None:
    person = Person.objects.get(sub=f"sub-{page_of}")
    for account_id, role_name in roles:
        favourites.star(person=person, role=RoleRef(account_id, role_name))


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.id")


def many_accounts(count: int) -> None:
    """Add accounts for alice in two units, one role in each."""
    what = cast.permission_set("Many")
    for number in range(count):
        unit = "Alpha" if number < count // 3 else "Beta"
        where = cast.account(f"a{number:03}", f"{number:012}", organizational_unit=unit)
        cast.offer(where, what)
    cast.mapping("payments", what, "all")


def test_words_are_the_same_in_the_browser_and_on_the_server(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)

    for text, query in TEXTS:
        wanted = page.evaluate("text => words.in(text)", query)
        pieces = page.evaluate("([text, wanted]) => words.pieces(text, wanted)", [text, wanted])

        assert wanted == server.words_in(query), query
        assert pieces == [list(pair) for pair in server.pieces(text, wanted)], (text, query)


@pytest.mark.usefixtures("_tagged")
def test_typing_shows_and_marks_what_the_server_shows_and_marks(
    page_factory: PageFactory, live_portal: str
) -> None:
    client = cast.signed_in("alice")
    favourite("alice", (PROD, "ReadOnly"), (DEV, "Developer"))
    typed = page_factory(client=client)
    typed.goto(live_portal)
    from_server = page_factory(client=client, java_script=False)

    for query in SEARCHES:
        typed.get_by_role("searchbox").fill(query)
        from_server.goto(f"{live_portal}/?{urlencode({'q': query})}")

        seen = from_server.evaluate(SEEN)
        same = f"seen => JSON.stringify(({SEEN})()) === JSON.stringify(seen)"
        typed.wait_for_function(same, arg=seen)


def test_search_is_announced_and_kept_in_the_address_until_escape_empties_it(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(f"{live_portal}/?q=prod")
    expect(page.locator(".account")).to_have_count(1)

    # The page came with a search and holds only its result.
    page.get_by_role("searchbox").fill("developer")
    expect(page.get_by_role("heading", name="payments-dev")).to_be_visible()
    page.get_by_role("searchbox").fill("dev read")
    expect(page).to_have_url(f"{live_portal}/?q=dev+read")
    expect(page.locator("#result")).to_have_text("1 role found")
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.locator("#nothing")).to_be_visible()
    page.get_by_role("searchbox").press("Escape")

    expect(page.locator(".account:visible")).to_have_count(2)
    expect(page).to_have_url(f"{live_portal}/")


def test_console_is_opened_with_the_keyboard_alone(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)
    page.wait_for_selector(".account[data-ready]")

    page.keyboard.press("/")
    page.keyboard.type("read")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Console of payments-dev as ReadOnly"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Console of payments-prod as ReadOnly"
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")

    opened.value.wait_for_url(f"{aws.url}/federation?Action=login&**")


def test_arrows_go_back_up_to_the_search_and_stay_within_the_list(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)
    page.wait_for_selector(".account[data-ready]")
    page.keyboard.press("/")

    walked = []
    for key in ("Enter", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Escape"):
        page.keyboard.press(key)
        walked.append(focused(page))

    dev, read, prod = (
        "Console of payments-dev as Developer",
        "Console of payments-dev as ReadOnly",
        "Console of payments-prod as ReadOnly",
    )
    assert walked == [dev, "q", dev, read, prod, prod, "q"]


def test_star_makes_a_favourite_at_once_and_for_good(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)
    star = page.locator("#accounts").get_by_role(
        "button", name="Favourite: Developer in payments-dev"
    )

    star.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".tile")).to_have_attribute("data-role", f"{DEV}/Developer")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    expect(page.locator("#result")).to_have_text("Added to favourites")
    page.reload()
    expect(star).to_have_attribute("aria-pressed", "true")


def test_star_taken_away_in_a_tile_leaves_the_focus_among_the_favourites(
    page_factory: PageFactory, live_portal: str
) -> None:
    client = cast.signed_in("alice")
    favourite("alice", (DEV, "Developer"), (PROD, "ReadOnly"))
    page = page_factory(client=client)
    page.goto(live_portal)
    page.wait_for_selector(".account[data-ready]")

    page.locator("#tiles").get_by_role("button", name="Favourite: Developer").press("Enter")

    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator("#tiles").get_by_role("button", name="Favourite: ReadOnly")).to_be_focused()
    expect(
        page.locator("#accounts").get_by_role("button", name="Favourite: Developer")
    ).to_have_attribute("aria-pressed", "false")


def test_star_refused_leads_to_the_page_that_says_why(
    page_factory: PageFactory, live_portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(favourites, "MOST_FAVOURITES", 0)
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)

    page.get_by_role("button", name="Favourite: Developer in payments-dev").click()

    expect(page.get_by_text("which is the maximum")).to_be_visible()


def test_everything_works_without_a_script(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)
    page.goto(live_portal)

    follow(page.get_by_role("button", name="Favourite: Developer"))
    follow(page.get_by_role("button", name="Add to favourites"))
    follow(page.get_by_role("link", name="Back to accounts"))
    expect(page.locator(".tile")).to_have_attribute("data-role", f"{DEV}/Developer")
    page.locator("#tiles").get_by_role("link", name="Keys for Developer in payments-dev").click()
    expect(page).to_have_title("Keys for Developer in payments-dev · Gatehouse")
    page.go_back()
    page.locator("#accounts").get_by_role("button", name="Console as Developer").click()
    expect(page).to_have_title("Console of payments-dev as Developer · Gatehouse")
    page.go_back()
    with page.context.expect_page() as opened:
        page.locator(".tile").get_by_role("button", name="Console").click()
    opened.value.wait_for_url(f"{aws.url}/federation?Action=login&**")
    page.locator(".tile").get_by_role("button", name="Favourite").click()
    expect(page.locator(".tile")).to_have_count(1)  # It was used: now it is there for that.
    expect(page.get_by_role("heading", name="Recent")).to_be_visible()


def test_favourites_are_put_in_order_with_the_keyboard_and_without_a_script(
    page_factory: PageFactory, live_portal: str
) -> None:
    client = cast.signed_in("alice")
    favourite("alice", (DEV, "Developer"), (DEV, "ReadOnly"), (PROD, "ReadOnly"))
    page = page_factory(client=client, java_script=False)
    page.goto(f"{live_portal}/")
    follow(page.get_by_role("link", name="Arrange"))
    up = page.get_by_role("button", name="Up: ReadOnly in payments-prod")

    up.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**pressed=up**")
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    # It is the first now, and cannot go further up.
    expect(page.get_by_role("button", name="Down: ReadOnly in payments-prod")).to_be_focused()
    follow(page.get_by_role("button", name="Remove: ReadOnly in payments-dev"))
    follow(page.get_by_role("link", name="Back to accounts"))

    tiles = page.locator(".tile").evaluate_all("all => all.map((one) => one.dataset.role)")
    assert tiles == [f"{PROD}/ReadOnly", f"{DEV}/Developer"]


@pytest.mark.parametrize("java_script", [True, False])
def test_every_account_is_there_soon_in_order_and_by_unit(
    java_script: bool,
    page_factory: PageFactory,
    live_portal: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_html, "AT_ONCE", 10)
    monkeypatch.setattr(account_html, "IN_A_PIECE", 7)
    many_accounts(45)
    page = page_factory(client=cast.signed_in("alice"), java_script=java_script)

    page.goto(live_portal)

    expect(page.locator(".account:visible")).to_have_count(47)
    expect(page.locator("#later:visible")).to_have_count(0)
    names = page.locator(".account .name").all_inner_texts()
    assert names[:45] == [f"a{number:03}" for number in range(45)]
    headings = page.locator("#accounts h2").all_inner_texts()
    assert headings == ["Alpha", "Beta", "Workloads/Payments"]


def test_list_that_scripts_should_finish_can_be_had_whole_if_they_fail(
    page_factory: PageFactory, live_portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_html, "AT_ONCE", 10)
    many_accounts(30)
    page = page_factory(client=cast.signed_in("alice"))
    page.route("**/*.js", lambda route: route.abort())
    page.goto(live_portal)
    expect(page.locator(".account")).to_have_count(10)

    page.get_by_role("link", name="Show the whole list").click()

    expect(page.locator(".account")).to_have_count(32)


def test_above_what_fits_on_one_page_the_server_searches_as_one_types(
    page_factory: PageFactory, live_portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "ON_ONE_PAGE", 20)
    monkeypatch.setattr(start, "ON_EACH_PAGE", 10)
    many_accounts(25)
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)
    expect(page.locator(".account")).to_have_count(10)
    expect(page.locator("#pager")).to_contain_text("1 to 10 of 27 accounts")

    page.get_by_role("searchbox").fill("a024")
    expect(page.locator(".account")).to_have_count(1)
    expect(page.locator(".account mark")).to_have_text("a024")
    expect(page.locator("#result")).to_have_text("1 role found")
    # A page that came with a search has no other pages until the search is emptied.
    page.reload()
    expect(page.locator("#pager")).to_be_hidden()
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".account")).to_have_count(10)
    page.get_by_role("link", name="Next").click()

    expect(page.locator("#pager")).to_contain_text("11 to 20 of 27 accounts")


@pytest.mark.parametrize("where", ["/", "/?q=a024"])
def test_search_after_the_sign_in_has_ended_leads_to_a_new_one(
    where: str, page_factory: PageFactory, live_portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "ON_ONE_PAGE", 20)
    many_accounts(25)
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(f"{live_portal}{where}")
    expect(page.locator("#accounts")).to_be_visible()
    SignIn.objects.update(ended_at=cast.NOON)

    page.get_by_role("searchbox").fill("a0")

    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
