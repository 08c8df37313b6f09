"""The pages in a real browser."""

from __future__ import annotations

import pytest

from tests import cast
from tests.browsers import PageFactory
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind")]


def test_x(page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.on(
        "request",
        lambda r: print(
            r.method,
            r.url,
            r.all_headers().get("origin"),
            r.all_headers().get("referer"),
            r.all_headers().get("sec-fetch-site"),
        ),
    )
    page.goto(live_portal)
    page.get_by_label("Keys for Developer in payments-dev").click()
    page.get_by_role("button", name="Get keys").click()
    print(page.content()[:3000])
    page.get_by_role("button", name="Copy").first.click()
    assert 0
