"""The start page: what one has and why, found by words, or why there is nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import cast


def test_start_page_offers_a_sign_in_to_whoever_is_signed_out(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert b'href="/oidc/authenticate/?next=/"' in response.content


@pytest.mark.django_db
@pytest.mark.usefixtures("northwind")
def test_start_page_says_what_one_has_and_why() -> None:
    text = " ".join(cast.signed_in("alice").get("/").content.decode().split())

    assert '2 accounts, 3 roles for your groups <span class="mono">payments</span>' in text
