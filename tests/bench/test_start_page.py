"""The goals of the start page that no busy machine can change: how big it is, how much it asks the database."""

from __future__ import annotations

import gzip
import random

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import company

pytestmark = pytest.mark.django_db

SIZES = {"Tiny": 12, "Small": 300, "Large": 3000}


def signed_in(top: str) -> Client:
    accounts = company.build(top, SIZES[top], chance=random.Random(top))
    client = Client(headers={"accept-encoding": "gzip"})
    cookie = company.signed_in(top.lower(), top, accounts, now=timezone.now())
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    return client


def test_page_of_300_accounts_and_1200_roles_fits_into_15_kb() -> None:
    response = signed_in("Small").get("/")

    page = gzip.decompress(response.content).decode()
    assert page.count('<li class="account line"') == 300
    assert page.count('type="radio"') == 1200
    assert len(response.content) <= 15 * 1024


def test_page_of_3000_accounts_is_paged() -> None:
    page = gzip.decompress(signed_in("Large").get("/").content).decode()

    assert page.count('<li class="account line"') == 100
    assert "1 to 100 of 3,000 accounts" in page


def test_queries_are_the_same_for_12_300_and_3000_accounts() -> None:
    cold: list[int] = []
    warm: list[int] = []
    for top in SIZES:
        client = signed_in(top)
        for counts in (cold, warm):
            with CaptureQueriesContext(connection) as queries:
                client.get("/")
            counts.append(len(queries))

    assert cold == [9, 9, 9]
    assert warm == [5, 5, 5]
