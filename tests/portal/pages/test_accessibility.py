"""What axe cannot see, on every page: size of targets, focus, room for larger text, other people's colours.

docs/accessibility.md says what else was looked at by hand, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page, expect

from tests import cast
from tests.browsers import PageFactory
from tests.portal.pages import test_look
from tests.portal.pages.test_look import PAGES, ROLE, company

__all__ = ["company"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.look,
    pytest.mark.usefixtures("aws", "company"),
]

SCRIPT = (Path(__file__).parent / "accessibility.js").read_text()
MOST_STOPS = 400
# To bring about what nobody can by hand, or what only a script does, these need one.
NEED_A_SCRIPT = {
    "several-denied",
    "several-found",
    "keys-profile",
    "keys-process",
    "keys-not-copied",
}


# --- every page there is --------------------------------------------------------------------------


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and name of everything the URLconf answers, but the admin: that has its own tests."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, pattern.name or ""
        elif path != "admin/":
            yield from routes(pattern.url_patterns, path)


@cache
def all_routes() -> tuple[tuple[str, str], ...]:
    return tuple(routes(get_resolver().url_patterns))


def test_every_page_of_the_url_configuration_is_looked_at(client: Client) -> None:
    everybody = [client, *map(cast.signed_in, ("alice", "carol"))]

    found = set()
    for path, name in all_routes():
        if "<" in path:
            continue
        for visitor in everybody:
            response = visitor.get(f"/{path}")
            # A page that wants to know more answers with an error of its own, and counts.
            is_page = response.get("Content-Type", "").startswith("text/html")
            if is_page and response.content and response.status_code not in (404, 405):
                found.add(name or path)

    found -= {"oidc_authentication_init", "oidc_authentication_callback", "oidc_logout"}
    assert "keys" in found
    assert found <= set(PAGES), "add it to PAGES in tests/portal/pages/test_look.py"


# --- what is checked of each ----------------------------------------------------------------------


def open_as(name: str, page_factory: PageFactory, live_portal: str) -> Page:
    who, go = PAGES[name]
    page = page_factory(client=who())
    go(page, live_portal)
    page.wait_for_load_state()
    page.evaluate(SCRIPT)
    return page


def too_small(page: Page) -> list[str]:
    """WCAG 2.5.8: targets of 24 by 24 CSS pixels, links within a sentence excepted."""
    found: list[str] = page.evaluate("gatehouse.tooSmall()")
    return found


def badly_focused(page: Page) -> list[str]:
    """WCAG 2.1.1, 2.4.3, 2.4.7, 2.4.11: Tab reaches everything in the order of the page, and it shows."""
    page.evaluate("gatehouse.fromTheTop()")
    complaints: list[str] = []
    order: list[int] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate("gatehouse.stop()")
        if stop is None or stop["index"] in order:
            break
        order.append(stop["index"])
        complaints += stop["complaints"]
    if order != sorted(order):
        complaints.append(f"out of order: {order}")
    missed: list[str] = page.evaluate("order => gatehouse.missed(order)", order)
    return complaints + [f"not reached: {name}" for name in missed]


def moving(page: Page) -> list[str]:
    """WCAG 2.3.3: nothing moves for who asked for less motion."""
    found: list[str] = page.evaluate("gatehouse.moving()")
    return found


def too_tight(page: Page) -> list[str]:
    """WCAG 1.4.12 and 1.4.10: nothing is cut or scrolls sideways with wide spacing, at 320 pixels too."""
    page.evaluate("gatehouse.spaceOut()")
    complaints: list[str] = []
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        complaints += [f"{width}: {what}" for what in page.evaluate("gatehouse.cut()")]
    return complaints


@pytest.mark.parametrize("name", PAGES)
def test_page_can_be_pressed_walked_and_spaced_out(
    name: str, page_factory: PageFactory, live_portal: str
) -> None:
    page = open_as(name, page_factory, live_portal)

    complaints = too_small(page) + badly_focused(page) + moving(page)
    page.set_viewport_size({"width": 320, "height": 900})
    complaints += too_small(page) + badly_focused(page) + too_tight(page)

    assert "\n".join(complaints) == ""


@pytest.mark.parametrize("name", sorted(PAGES.keys() - NEED_A_SCRIPT))
def test_page_holds_nothing_dead_without_a_script(
    name: str, page_factory: PageFactory, live_portal: str
) -> None:
    who, go = PAGES[name]
    page = page_factory(client=who(), java_script=False)
    go(page, live_portal)

    # A button that is no submit button does nothing without a script.
    expect(page.locator("button[type=button]:visible")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


# --- single things --------------------------------------------------------------------------------


def test_what_is_chosen_shows_in_forced_colours(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=test_look.alice())
    page.emulate_media(forced_colors="active")
    page.goto(f"{live_portal}/keys?{ROLE}")
    colour = "e => getComputedStyle(e).backgroundColor"

    chosen = page.locator(".choice input:checked + span").first.evaluate(colour)
    others = page.locator(".choice input:not(:checked) + span").first.evaluate(colour)

    assert chosen != others


def test_skip_link_comes_first_and_leads_past_the_bar(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=test_look.alice())
    page.goto(live_portal)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_refused_field_has_the_focus_and_its_message(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=test_look.alice())
    page.goto(f"{live_portal}/shortcuts?account=nowhere")

    field = page.get_by_label("Account")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        "This account is not known here, or you have no role in it that opens the console. "
        "Choose one of the list."
    )
    expect(page).to_have_title("Error: Shortcuts · Northwind AWS access")


def test_axe_would_find_something(page_factory: PageFactory, live_portal: str) -> None:
    page = page_factory()
    page.goto(live_portal)
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    assert Axe().run(page, options=test_look.AXE).violations_count > 0
