"""The keys that sign tokens for AWS, as portal admins and auditors see them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import SigningKey
from accounts.signing import stored_keys
from tests import cast

PAGE = "/admin/accounts/signingkey/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(northwind: None) -> Client:
    stored_keys.create_first(now=timezone.now())
    return cast.signed_in(cast.subject("olga", groups=["portal-auditors"]))


def test_admins_see_states_and_private_halves_are_not_even_loaded(client: Client) -> None:
    first = SigningKey.objects.get(number=1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        pages = [client.get(PAGE), client.get(f"{PAGE}{first.pk}/change/")]

    for page in pages:
        assert page.status_code == 200
        assert first.kid in page.content.decode()
        assert first.encrypted_private_key not in page.content.decode()
    assert "signs" in pages[0].content.decode()
    assert "standby" in pages[0].content.decode()
    assert not [query for query in queries if "encrypted_private_key" in query["sql"]]


def test_nobody_changes_a_key_or_searches_its_secret_here(client: Client) -> None:
    first = SigningKey.objects.get(number=1)
    admin = cast.signed_in("carol")

    for path in ("add/", f"{first.pk}/delete/"):
        assert admin.post(f"{PAGE}{path}", {"post": "yes"}).status_code in (403, 404)
    admin.post(f"{PAGE}{first.pk}/change/", {"signs_from_0": ""})
    assert admin.get(f"{PAGE}?encrypted_private_key__startswith=g").status_code == 400
    assert SigningKey.objects.get(number=1) == first
    assert SigningKey.objects.count() == 2
