"""In which language a page is: the reader's preference, else the browser's."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from accounts import preferences
from accounts.models import Person
from tests import cast

pytestmark = pytest.mark.django_db

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-CH,de;q=0.9,en;q=0.5"}


def language(client: Client, path: str = "/", **headers: str) -> str:
    return client.get(path, **headers).headers.get("Content-Language", "")  # type: ignore[arg-type]


def prefer(who: str, chosen: str) -> None:
    person = Person.objects.get(sub=f"sub-{who}")
    preferences.save(person=person, sign_out_first=False, slash_searches=True, language=chosen)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", "en-gb"),
        ("en-US,en;q=0.9", "en-gb"),
        ("nl", "en-gb"),
        ("nl,fr;q=0.5", "fr"),
        ("pt", "pt-br"),
        ("pt-PT", "pt-br"),
        ("ja-JP", "ja"),
        ("es-419", "es"),
        ("*", "en-gb"),
        ("de;q=x, ;;;", "en-gb"),
        ("x" * 9000, "en-gb"),
    ],
)
def test_page_is_in_the_language_that_the_browser_asks_for(
    client: Client, asked: str, expected: str
) -> None:
    response = client.get("/", HTTP_ACCEPT_LANGUAGE=asked)

    assert response.headers["Content-Language"] == expected
    assert f'<html lang="{expected}">' in response.content.decode()
    assert "Accept-Language" in response.headers["Vary"]


def test_language_of_who_is_signed_out_costs_no_query(
    client: Client, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert language(client, **GERMAN) == "de"


def test_preference_counts_more_than_the_browser_and_only_for_its_person() -> None:
    alice, bob = cast.signed_in("alice"), cast.signed_in("bob")
    assert language(alice, **GERMAN) == "de"

    prefer("alice", "ja")

    assert language(alice, **GERMAN) == "ja"
    assert language(bob, **GERMAN) == "de"
    assert language(bob) == "en-gb"


def test_language_is_chosen_and_taken_back_on_the_page_of_preferences() -> None:
    client = cast.signed_in("alice")

    chosen = client.post("/preferences", {"language": "fr"}, follow=True)
    assert chosen.headers["Content-Language"] == "fr"
    assert '<option value="fr"' in chosen.content.decode()

    client.post("/preferences", {"language": ""})
    assert language(client) == "en-gb"


def test_start_page_has_no_words_of_the_language_that_was_left() -> None:
    cast.northwind()
    client = cast.signed_in("alice")
    assert "2 Konten" in client.get("/", **GERMAN).content.decode()  # type: ignore[arg-type]

    page = client.get("/").content.decode()

    assert "Konten" not in page
    assert "2 accounts" in page


@pytest.mark.parametrize("sent", ["xx", "../../etc", "en", "DE", "d" * 900])
def test_language_that_no_page_offers_is_not_stored(sent: str) -> None:
    client = cast.signed_in("alice")

    client.post("/preferences", {"language": sent})

    assert Person.objects.get(sub="sub-alice").preferences.language == ""
    assert language(client) == "en-gb"


def test_preference_for_a_language_that_is_gone_counts_as_none() -> None:
    client = cast.signed_in("alice")
    prefer("alice", "de")
    Person.objects.get(sub="sub-alice").preferences.__class__.objects.update(language="tlh")

    assert language(client, HTTP_ACCEPT_LANGUAGE="es") == "es"


@pytest.mark.parametrize("path", ["/api/v1/access", "/token", "/admin/", "/healthz"])
def test_programs_and_admins_are_answered_in_english(client: Client, path: str) -> None:
    response = client.get(path, **GERMAN)  # type: ignore[arg-type]

    assert "Content-Language" not in response.headers


def test_language_ends_with_the_request(client: Client) -> None:
    signed_in = cast.signed_in("alice")
    prefer("alice", "ja")

    language(client, **GERMAN)
    language(signed_in)

    assert translation.get_language() == settings.LANGUAGE_CODE
