"""The whole way of a sign-in, at a real provider."""

from __future__ import annotations

from accounts.models import Person, SignIn
from tests.portal.signin.conftest import Browser


def test_a_sign_in_ends_on_the_start_page(browser: Browser) -> None:
    response = browser.walk("alice")

    assert (response.status_code, response["Location"]) == (302, "/"), response.content.decode()
    assert browser.is_signed_in
    assert SignIn.objects.get().person == Person.objects.get(sub="sub-alice")
