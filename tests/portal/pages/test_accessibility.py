"""Everybody can use every page: each state of each page is visited once, and held to WCAG 2.2 AA as far as that can be measured.

Light and dark, wide and narrow, with the keyboard, with wide text spacing, without a script, and in German. docs/accessibility.md
says what else was looked at by hand, and when. With `--screenshots` each is photographed into screenshots/ (not in git).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page, expect

from tests import cast
from tests.browsers import PageFactory, Photographer
from tests.portal.pages import page_states
from tests.portal.pages.page_states import NEED_A_SCRIPT, ROLE, STATES, company

__all__ = ["company"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.look,
    pytest.mark.usefixtures("aws", "company"),
]

SCRIPT = (Path(__file__).parent / "accessibility.js").read_text()
# WCAG 2.2's rules as well, which axe leaves out by default.
AXE: dict[str, Any] = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
# Of a page that has been looked at in light, dark changes the colours and nothing else.
AXE_COLOURS: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
WIDE, NARROW = 1440, 320
"""CSS pixels: a notebook; a small phone, or a page of 1280 at 400 %."""
MOST_STOPS = 400


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
    assert found <= set(STATES), "add it to STATES in tests/portal/pages/page_states.py"


# --- what is checked of each ----------------------------------------------------------------------


def axe(page: Page, options: dict[str, Any]) -> list[str]:
    results = AxeResults(page.evaluate("options => axe.run(options)", options))
    return [results.generate_report()] if results.violations_count else []


def sideways(page: Page) -> list[str]:
    """WCAG 1.4.10: nothing scrolls sideways."""
    excess = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"the page scrolls sideways by {excess}"] if excess > 0 else []


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
        if stop is not None and order and stop["index"] == order[-1]:
            continue  # Another part of the same field: day, month, year.
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
    """WCAG 1.4.12 and 1.4.10: nothing is cut or scrolls sideways with wide spacing."""
    found: list[str] = page.evaluate("gatehouse.cut()")
    return found


def dead(page: Page) -> list[str]:
    """Nothing is there in vain for who has no script."""
    complaints = []
    # A button that is no submit button does nothing without a script.
    if count := page.locator("button[type=button]:visible").count():
        complaints.append(f"{count} buttons do nothing")
    if (count := page.get_by_role("heading", level=1).count()) != 1:
        complaints.append(f"{count} headings of level 1")
    return complaints


def in_german(page: Page, name: str, photograph: Photographer) -> list[list[str]]:
    """Long words have room, too. What was issued is not issued again: the page is then the form."""
    page.set_extra_http_headers({"Accept-Language": "de"})
    page.reload()
    page.set_viewport_size({"width": NARROW, "height": 900})
    photograph(page, f"{name}-{NARROW}-german")
    return [sideways(page)]


class Visit:
    """One page in one state, and what was wrong with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []

    def resize(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": 900})

    def check(self, where: str, *found: list[str]) -> None:
        self.complaints += [f"{where}: {complaint}" for one in found for complaint in one]


@pytest.mark.parametrize("name", STATES)
def test_page_is_accessible(
    name: str, page_factory: PageFactory, live_portal: str, photograph: Photographer
) -> None:
    who, go = STATES[name]
    client = who()
    page = page_factory(client=client, width=WIDE)
    go(page, live_portal)
    page.wait_for_load_state()
    for script in (AXE_SCRIPT, SCRIPT):
        page.evaluate(script)
    visit = Visit(page)

    for width in (WIDE, NARROW):
        visit.resize(width)
        visit.check(f"light, {width}", axe(page, AXE), sideways(page), too_small(page))
        photograph(page, f"{name}-{width}-light")
    page.emulate_media(color_scheme="dark")
    for width in (NARROW, WIDE):
        visit.resize(width)
        visit.check(f"dark, {width}", axe(page, AXE_COLOURS))
        photograph(page, f"{name}-{width}-dark")
    page.emulate_media(color_scheme="light", forced_colors="active")
    photograph(page, f"{name}-forced")
    page.emulate_media(forced_colors="none")
    visit.check("moving", moving(page))
    for width in (WIDE, NARROW):
        visit.resize(width)
        visit.check(f"keyboard, {width}", badly_focused(page))
    page.evaluate("gatehouse.spaceOut()")
    for width in (WIDE, NARROW):
        visit.resize(width)
        visit.check(f"spacing, {width}", too_tight(page))
    if name not in NEED_A_SCRIPT:
        without_script = page_factory(client=client, java_script=False)
        go(without_script, live_portal)
        visit.check("no script", dead(without_script))
        visit.check("German", *in_german(without_script, name, photograph))

    assert "\n".join(visit.complaints) == ""


# --- single things --------------------------------------------------------------------------------


def test_what_is_chosen_shows_in_forced_colours(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=page_states.alice())
    page.emulate_media(forced_colors="active")
    page.goto(f"{live_portal}/keys?{ROLE}")
    colour = "e => getComputedStyle(e).backgroundColor"

    chosen = page.locator(".choice input:checked + span").first.evaluate(colour)
    others = page.locator(".choice input:not(:checked) + span").first.evaluate(colour)

    assert chosen != others


def test_skip_link_comes_first_and_leads_past_the_bar(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=page_states.alice())
    page.goto(live_portal)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_refused_field_has_the_focus_and_its_message(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=page_states.alice())
    page.goto(f"{live_portal}/shortcuts?account=nowhere")

    field = page.get_by_label("Account")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        "This account is unknown, or you have no role in it that opens the console. "
        "Choose one from the list."
    )
    expect(page).to_have_title("Error: Shortcuts · Northwind AWS access")


def test_axe_would_find_something(page_factory: PageFactory, live_portal: str) -> None:
    page = page_factory()
    page.goto(live_portal)
    page.evaluate(AXE_SCRIPT)
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    assert axe(page, AXE) != []
