"""How long Chromium takes from the click until DOMContentLoaded, and until every account is on the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

_LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


@contextmanager
def chromium(cookie: tuple[str, str] | None, *, url: str) -> Iterator[Page]:
    """Open a browser in which somebody is signed in."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        if cookie:
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": url}])
        yield context.new_page()
        browser.close()


def loaded(page: Page, url: str) -> float:
    """Return the milliseconds until DOMContentLoaded."""
    page.goto(url)
    return float(page.evaluate(_LOADED))


def complete(page: Page, accounts: int) -> float:
    """Return the milliseconds until there are so many accounts on the page."""
    page.wait_for_function(
        "count => document.querySelectorAll('.account').length >= count", arg=accounts
    )
    return float(page.evaluate("performance.now()"))
