"""How long Chromium takes from the click until DOMContentLoaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from tests.real_parts import chromium_path

_LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


@contextmanager
def opened(url: str) -> Iterator[Callable[[str, str], float]]:
    """Open a browser; yield what shows a path with a session's cookie, and returns the milliseconds it took."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path())
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()

        def show(path: str, cookie: str) -> float:
            context.clear_cookies()
            if cookie:
                context.add_cookies([{"name": "gatehouse", "value": cookie, "url": url}])
            page.goto(f"{url}{path}")
            return float(page.evaluate(_LOADED))

        yield show
        browser.close()
