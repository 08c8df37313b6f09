"""The page of documentation in a real browser: nothing refused by the policy, accessible, fits."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from pytest_django.live_server_helper import LiveServer

from tests.browsers import PageFactory

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_page_of_documentation_is_accessible_and_fits(
    page_factory: PageFactory, live_server: LiveServer, width: int
) -> None:
    page = page_factory()
    page.set_viewport_size({"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    page.goto(f"{live_server.url}/api/docs")

    assert page.get_by_role("link", name="POST /api/v1/keys").is_visible()
    for summary in page.locator("details summary").all():
        summary.click()
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
