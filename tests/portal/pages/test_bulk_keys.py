"""Keys for several roles: one attempt, one audit row and one profile each, whatever becomes of the others."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.access import issue_keys
from accounts.errors import AwsUnavailable
from accounts.models import AuditEvent, Mapping, PermissionSet
from accounts.types import IssuedKeys
from portal.pages import bulk_keys
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

DEV, PROD = "210987654321/Developer", "123456789012/ReadOnly"
NOT_HERS = "123456789012/Operator"


def ask(client: Client, *roles: str, **more: str) -> Any:
    return client.get("/keys", {"role": roles, **more})


def take(client: Client, *roles: str, **more: str) -> Any:
    return client.post("/keys", {"several": "1", "role": roles, **more})


def recorded() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action__startswith="access.").order_by("at", "id")
    return [(f"{row.account_id}/{row.role_name}", row.action) for row in rows]


def outcomes(response: Any) -> dict[str, bool]:
    return {outcome.value: outcome.issued is not None for outcome in response.context["outcomes"]}


def test_denied_role_does_not_spoil_the_others_and_each_leaves_one_row() -> None:
    response = take(cast.signed_in("alice"), NOT_HERS, DEV, PROD)

    assert outcomes(response) == {NOT_HERS: False, DEV: True, PROD: True}
    assert sorted(recorded()) == [
        (NOT_HERS, "access.keys.denied"),
        (PROD, "access.keys.issued"),
        (DEV, "access.keys.issued"),
    ]
    page = response.content.decode()
    assert "You do not have this role in this account." in page
    assert page.count("data-until") == 2
    # Trying again cannot help; asking somebody can.
    assert page.count("Ask for help with this role") == 1
    assert '?account_id=123456789012&amp;role_name=Operator">Ask' in page
    assert ">try again<" not in page


def test_role_that_aws_fails_does_not_spoil_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**asked: Any) -> IssuedKeys:
        if asked["role"].role_name == "Developer":
            raise AwsUnavailable("AWS cannot be reached.")
        return issue_keys(**asked)

    monkeypatch.setattr("portal.pages.bulk_keys.issue_keys", failing)
    response = take(cast.signed_in("alice"), DEV, PROD)

    assert outcomes(response) == {DEV: False, PROD: True}
    page = response.content.decode()
    assert "AWS cannot be reached." in page
    assert f'href="/keys?several=1&amp;role={DEV}">try again' in page
    assert "Ask for help with this role" not in page


def test_person_entitled_to_nothing_gets_nothing_and_every_try_is_recorded() -> None:
    response = take(cast.signed_in("mallory"), DEV, PROD)

    assert outcomes(response) == {DEV: False, PROD: False}
    assert [action for _, action in recorded()] == ["access.keys.denied"] * 2
    assert b"ASIA" not in response.content


def test_each_block_is_a_profile_of_its_own_keys() -> None:
    response = take(cast.signed_in("alice"), DEV, PROD)

    texts = [outcome.block.text for outcome in response.context["outcomes"]]
    keys = [outcome.issued.credentials for outcome in response.context["outcomes"]]
    assert texts == [
        f"[{name}]\n# These keys expire at {key.expires_at:%Y-%m-%dT%H:%M:%SZ}\naws_access_key_id={key.access_key_id}\n"
        f"aws_secret_access_key={key.secret_access_key}\naws_session_token={key.session_token}"
        f"{region}"
        for name, key, region in zip(
            ("payments-dev_Developer", "payments-prod_ReadOnly"), keys, ("", ""), strict=True
        )
    ]
    assert keys[0].access_key_id != keys[1].access_key_id
    assert "no-store" in response["Cache-Control"]


def test_get_issues_nothing_and_names_what_would_be_issued() -> None:
    response = ask(cast.signed_in("alice"), DEV, PROD, NOT_HERS)

    page = response.content.decode()
    assert recorded() == []
    assert page.count('type="checkbox"') == 2
    assert "You do not have this role, so it is left out." in page
    assert f"http://localhost:8000/keys?role={DEV}&amp;role={PROD}&amp;role={NOT_HERS}" in page


@pytest.mark.parametrize("send", [ask, take])
def test_more_than_ten_are_refused_before_any_is_tried(send: Any) -> None:
    many = [DEV, *(f"{number:012d}/ReadOnly" for number in range(bulk_keys.MOST))]

    response = send(cast.signed_in("alice"), *many)

    assert response.status_code == 400
    assert "You ticked 11 roles; at most 10 are possible." in response.content.decode()
    assert recorded() == []


def test_ten_are_tried() -> None:
    ten = [f"{number:012d}/ReadOnly" for number in range(bulk_keys.MOST)]

    response = take(cast.signed_in("alice"), *ten)

    assert (response.status_code, len(recorded())) == (200, 10)


def test_same_role_twice_is_one_role() -> None:
    response = take(cast.signed_in("alice"), DEV, PROD, DEV)

    assert len(response.context["outcomes"]) == 2
    assert len(recorded()) == 2


def test_one_tick_is_enough_and_none_is_said() -> None:
    client = cast.signed_in("alice")

    assert outcomes(take(client, DEV)) == {DEV: True}
    refused = take(client)
    assert refused.status_code == 400
    assert "Tick at least one role." in refused.content.decode()


def test_duration_is_shortened_to_what_each_role_allows() -> None:
    response = take(cast.signed_in("alice"), DEV, PROD, duration=str(4 * 3600))

    durations = [outcome.issued.duration for outcome in response.context["outcomes"]]
    assert durations == [3600, 4 * 3600]


def test_duration_out_of_bounds_is_refused_for_each() -> None:
    response = take(cast.signed_in("alice"), DEV, PROD, duration="1")

    assert outcomes(response) == {DEV: False, PROD: False}
    assert [action for _, action in recorded()] == ["access.keys.denied"] * 2


def test_durations_offered_reach_to_the_longest_of_the_roles() -> None:
    response = ask(cast.signed_in("alice"), DEV, PROD)

    assert response.context["durations"].longest == 8 * 3600
    assert "Roles with a shorter limit get keys for that long." in response.content.decode()


def test_slow_aws_leaves_the_rest_untried_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_keys, "PATIENCE", -1)

    response = take(cast.signed_in("alice"), DEV, PROD)

    assert outcomes(response) == {DEV: False, PROD: False}
    assert "so this role was not tried" in response.content.decode()
    assert recorded() == []


def test_admin_message_is_for_portal_admins_only() -> None:
    said = "no mapping in force gives"

    assert said not in take(cast.signed_in("alice"), NOT_HERS, DEV).content.decode()
    assert said in take(cast.signed_in("carol"), NOT_HERS, DEV).content.decode()


def test_signed_out_form_leads_back_to_all_of_the_roles(client: Client) -> None:
    response = take(client, DEV, PROD)

    assert response.status_code == 401
    assert "%3Frole%3D210987654321%2FDeveloper%26role%3D123456789012%2FReadOnly" in (
        response.content.decode()
    )
    assert recorded() == []


def test_form_of_another_site_is_refused() -> None:
    client = cast.signed_in("alice")
    client.handler.enforce_csrf_checks = True

    assert take(client, DEV, PROD).status_code == 403
    assert recorded() == []


def test_list_to_tick_has_only_roles_that_give_keys() -> None:
    PermissionSet.objects.filter(name="Developer").update(keys=False)

    page = cast.signed_in("alice").get("/several").content.decode()

    assert "210987654321/ReadOnly" in page
    assert DEV not in page


@pytest.mark.parametrize("roles", [[DEV], [DEV, PROD]])
def test_search_keeps_what_is_ticked(roles: list[str]) -> None:
    response = cast.signed_in("alice").get("/several", {"q": "prod", "role": roles})

    assert [choice.value for choice in response.context["ticked"]] == roles
    assert [choice.value for choice in response.context["others"]] == [
        value for value in [PROD] if value not in roles
    ]


def test_search_finds_what_the_start_page_finds() -> None:
    response = cast.signed_in("alice").get("/several", {"q": "PROD read"})

    assert [choice.value for choice in response.context["others"]] == [PROD]


def test_list_too_long_to_read_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_keys, "MOST_LISTED", 2)

    response = cast.signed_in("alice").get("/several")

    assert len(response.context["others"]) == 2
    assert "1 more" in response.content.decode()


def test_nobody_without_keys_is_given_an_empty_list() -> None:
    assert "None of your roles gives keys." in (
        cast.signed_in("mallory").get("/several").content.decode()
    )


def test_hostile_names_are_inert() -> None:
    evil = "<script>alert(1)</script>/\"'"
    client = cast.signed_in("alice")

    pages = [
        ask(client, evil, DEV),
        take(client, evil, DEV),
        ask(client, *[evil + str(n) for n in range(11)]),
    ]

    assert not any(b"<script>alert" in page.content for page in pages)


def test_asking_costs_the_same_queries_for_two_as_for_ten(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = cast.signed_in("alice")
    two, ten = [DEV, PROD], [DEV, PROD, *(f"{n:012d}/X" for n in range(8))]
    ask(client, *two)

    # The session, the sign-in, the blocks, the revision, the duration chosen last, what offers read-only.
    with django_assert_num_queries(6):
        ask(client, *two)
    with django_assert_num_queries(6):
        ask(client, *ten)


@pytest.mark.parametrize(
    ("path", "key"),
    [("/several", "others"), (f"/keys?role={DEV}&role={PROD}", "choices")],
)
def test_role_that_is_taken_away_is_gone_from_the_next_page(path: str, key: str) -> None:
    client = cast.signed_in("alice")

    def offered() -> set[str]:
        choices = client.get(path).context[key]
        return {choice.role.role_name for choice in choices if choice.role}

    assert "Developer" in offered()

    Mapping.objects.filter(name="Developers of payments").update(enabled=False)

    assert "Developer" not in offered()
