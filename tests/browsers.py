"""Fixtures that drive the portal with a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests import processes, real_parts

# A browser that phones nobody but the page under test.
QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Milliseconds until something that should show counts as missing: long, for busy machines.
PATIENCE = 30_000
# Not in git.
SCREENSHOTS = processes.ROOT / "screenshots"


def follow(link: Locator) -> None:
    """Click a link or a button and wait for the page it leads to: a click alone does not wait."""
    with link.page.expect_navigation():
        link.click()


class PageFactory(Protocol):
    """Open a page in a fresh browser profile: reduced motion, nothing remembered.

    `client` is a signed-in `django.test.Client` (see `cast.signed_in`) whose cookies the browser takes over.
    """

    def __call__(
        self,
        *,
        client: Client | None = None,
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        java_script: bool = True,
    ) -> Page: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole session; ask for pages with `page_factory`."""
    path = real_parts.chromium_path()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's event loop runs in the test's own thread, where Django would then refuse the ORM.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(executable_path=path, args=[*QUIET])
        yield chromium
        chromium.close()


@pytest.fixture
def page_factory(browser: Browser) -> Iterator[PageFactory]:
    """Open pages; at the end, fail on any script error and on anything the CSP refused."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note_refusals(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def open_page(
        *,
        client: Client | None = None,
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        java_script: bool = True,
    ) -> Page:
        context = browser.new_context(
            color_scheme="dark" if dark else "light",
            java_script_enabled=java_script,
            reduced_motion="reduce",
            viewport={"width": width, "height": height},
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("console", note_refusals)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        if client is not None:
            for name, cookie in client.cookies.items():
                context.add_cookies(
                    [
                        {
                            "name": name,
                            "value": cookie.value,
                            "domain": "localhost",
                            "path": "/",
                        }
                    ]
                )
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


class Photographer(Protocol):
    """Photograph a whole page into screenshots/NAME.png."""

    def __call__(self, page: Page, name: str) -> None: ...


@pytest.fixture
def photograph(pytestconfig: pytest.Config) -> Photographer:
    """Photograph pages for people to look at, where they ask for it with `--screenshots`; else do nothing."""
    wanted = pytestconfig.getoption("--screenshots")

    def take(page: Page, name: str) -> None:
        if wanted:
            page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return take


@pytest.fixture
def live_portal(live_server: LiveServer, settings: Settings) -> str:
    """Serve the portal on the test's own database; return its URL, which BASE_URL then holds too."""
    settings.BASE_URL = live_server.url
    return live_server.url
