"""The start page: what one has and why, found by words, or why there is nothing."""

from __future__ import annotations

import dataclasses
import gzip
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Mapping, Person
from portal.aws_config import AWS_START_URL
from tests import cast

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(.*?)"')


def text_of(client: Client, path: str = "/", **query: str) -> str:
    return " ".join(client.get(path, query).content.decode().split())


def roles_of(client: Client, words: str = "", **query: str) -> list[str]:
    """Return the roles of the list, as account id and name, in the order of the page."""
    page = client.get("/", {"q": words, **query}).content.decode()
    return [
        f"{account_id}/{role}"
        for account_id, roles in re.findall(r'name="account_id" value="(\d+)">(.*?)</form>', page)
        for role in re.findall('<button class="star" name="role_name" value="(.*?)"', roles)
    ]


def test_start_page_offers_a_sign_in_to_whoever_is_signed_out(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert b'href="/oidc/authenticate/?next=/"' in response.content


@pytest.mark.usefixtures("northwind")
def test_start_page_says_what_one_has_and_why() -> None:
    text = text_of(cast.signed_in("alice"))

    assert '2 accounts, 3 roles for your group <span class="mono">payments</span>' in text


def test_start_page_counts_the_way_people_do() -> None:
    where = cast.account("a", "111111111111")
    for group in "abcde":
        what = cast.permission_set(f"Role-{group}")
        cast.offer(where, what)
        cast.mapping(group, what, where)

    for groups, summary in {
        "a": "1 role for your group a",
        "ab": "2 roles for your groups a and b",
        "abc": "3 roles for your groups a, b and c",
        "abcd": "4 roles for your groups a, b, c and d",
        "abcde": "5 roles for your groups a, b, c and 2 more",
    }.items():
        text = text_of(cast.signed_in(cast.subject("alice", groups=[*groups])))

        assert summary in " ".join(re.sub("<.*?>", "", text).split()).replace(" ,", ",")


@pytest.mark.usefixtures("northwind")
def test_start_page_lists_nothing_of_others() -> None:
    assert roles_of(cast.signed_in("bob")) == ["123456789012/Operator"]


@pytest.mark.usefixtures("northwind")
def test_search_finds_every_word_wherever_it_is() -> None:
    alice = cast.signed_in("alice")
    for words, found in {
        "PAYMENTS-DEV": ["210987654321/Developer", "210987654321/ReadOnly"],
        "123456": ["123456789012/ReadOnly"],
        "production": ["123456789012/ReadOnly"],
        "workloads/pay developer": ["210987654321/Developer"],
        "payments prod nothing": [],
        "x" * 9999: [],
        "\x00": [],
    }.items():
        assert roles_of(alice, words) == found, f"{words:.40}"


def test_search_finds_tags() -> None:
    where = cast.account("a", "111111111111", tags={"team": "payments"})
    other = cast.account("b", "222222222222", tags={"team": "data"})
    what = cast.permission_set("ReadOnly")
    for account in (where, other):
        cast.offer(account, what)
    cast.mapping("payments", what, where, other)

    assert roles_of(cast.signed_in("alice"), "team=pay") == ["111111111111/ReadOnly"]


@pytest.mark.parametrize("words", ["zurich", "ZÜRICH", "Zu\u0308rich"])
def test_search_finds_names_with_and_without_their_accents(words: str) -> None:
    what = cast.permission_set("ReadOnly")
    for name, account_id in (("Zürich", "111111111111"), ("Bern", "222222222222")):
        where = cast.account(name, account_id)
        cast.offer(where, what)
        cast.mapping("payments", what, where, name=name)

    assert roles_of(cast.signed_in("alice"), words) == ["111111111111/ReadOnly"]


@pytest.mark.usefixtures("northwind")
def test_search_marks_privileged_roles_as_it_does_others() -> None:
    page = text_of(cast.signed_in("bob"), q="operat")

    assert '<span class="role-name"><mark>Operat</mark>or <span class="warn">' in page


def test_role_for_keys_only_has_no_console_button_and_the_other_way_round() -> None:
    where = cast.account("a", "111111111111")
    for what in (cast.permission_set("K", console=False), cast.permission_set("C", keys=False)):
        cast.offer(where, what)
        cast.mapping("payments", what, where)

    page = text_of(cast.signed_in("alice"))

    assert "Console as C" in page
    assert "Keys for C" not in page
    assert "Keys for K" in page
    assert "Console as K" not in page


def test_role_with_a_plus_in_its_name_survives_its_link() -> None:
    where, what = cast.account("a", "111111111111"), cast.permission_set("dev+ops,a=b@c")
    cast.offer(where, what)
    cast.mapping("payments", what, where)
    client = cast.signed_in("alice")

    assert roles_of(client) == ["111111111111/dev+ops,a=b@c"]
    link = "/keys?account_id=111111111111&role_name=dev%2Bops%2Ca%3Db%40c"
    assert client.get(link).status_code == 200


def test_start_page_costs_the_same_queries_however_much_is_on_it(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    what = cast.permission_set("ReadOnly")
    for number in range(30):
        where = cast.account(f"a{number}", f"{number:012}", environment=f"e{number}")
        cast.offer(where, what)
        cast.mapping("payments", what, where, name=str(number))
    client = cast.signed_in("alice")

    # The session, the sign-in with its person, the blocks, the revision, when the next mapping expires, three for
    # the entitlements, favourites and recent roles.
    with django_assert_num_queries(9):
        client.get("/")


@pytest.mark.usefixtures("northwind")
def test_pages_are_compressed_with_padding_so_that_their_size_tells_nothing() -> None:
    """The attack is BREACH: https://docs.djangoproject.com/en/5.2/ref/middleware/#module-django.middleware.gzip."""
    alice = cast.signed_in("alice")
    answers = [alice.get("/", {"q": "dev"}, headers={"accept-encoding": "gzip"}) for _ in range(8)]
    pages = [gzip.decompress(answer.content).decode() for answer in answers]

    assert all(answer["Content-Encoding"] == "gzip" for answer in answers)
    assert all("Accept-Encoding" in answer["Vary"] for answer in answers)
    # The padding is a file name of random length in the header (RFC 1952, 2.3.1).
    assert len({answer.content[10:].index(0) for answer in answers}) > 1
    assert len({TOKEN.search(page)[1] for page in pages}) == len(pages)  # type: ignore[index]
    assert not alice.get("/", headers={"accept-encoding": "identity"}).has_header(
        "Content-Encoding"
    )


@pytest.mark.usefixtures("northwind")
def test_empty_page_says_who_one_is_and_what_arrived_and_whom_to_ask(settings: Settings) -> None:
    settings.SUPPORT_CONTACT = "#cloud on chat"

    page = text_of(cast.signed_in("mallory"))

    assert "mallory@northwind.example" in page
    assert "sub-mallory" in page
    assert "visitors" in page
    assert "#cloud on chat" in page


@pytest.mark.usefixtures("northwind")
def test_claims_that_did_not_arrive_whole_are_said_and_give_nothing() -> None:
    who = cast.subject("alice", groups=["payments"], hasgroups=True)

    page = text_of(cast.signed_in(who))

    assert "claims.overage" in page
    assert "payments-dev" not in page


def test_somebody_without_any_group_claim_is_told_and_whoever_sets_it_up_which_scope(
    settings: Settings,
) -> None:
    nothing = dataclasses.replace(cast.subject("alice"), claims={})
    unasked = "Your identity provider did not send these claims"

    # Nobody is an admin yet: whoever it is may be the one who sets it up.
    first = text_of(cast.signed_in(nothing))
    assert unasked in first
    assert "OIDC_RP_SCOPES" in first

    assert unasked not in text_of(cast.signed_in("carol"))
    later = text_of(cast.signed_in(nothing))
    assert unasked in later
    assert "OIDC_RP_SCOPES" not in later

    settings.ADMIN_CLAIM, settings.ADMIN_VALUES = "sub", ["sub-alice"]
    cast.mapping("payments", cast.permission_set("ReadOnly"))
    admin = dataclasses.replace(nothing, claims={"sub": "sub-alice"})
    assert settings.OIDC_RP_SCOPES in text_of(cast.signed_in(admin))


@pytest.mark.usefixtures("northwind")
def test_empty_page_says_what_arrived_and_why_it_does_not_count(settings: Settings) -> None:
    objects = text_of(cast.signed_in(cast.subject("mallory", groups=[{"name": "payments"}])))
    assert "Objects with the keys “name” arrived." in objects
    text = text_of(cast.signed_in(cast.subject("mallory", groups="visitors;payments")))
    assert "visitors;payments" in text
    assert "a mapping can split it" in text
    cast.mapping("ceo@x", cast.permission_set("Ceo"), claim="email")
    address = text_of(cast.signed_in(cast.subject("mallory", email="ceo@x", email_verified=False)))
    assert "ceo@x arrived, but does not count: nobody verified this e-mail address." in address

    near = cast.subject("mallory", groups=["Payments", "portal-admins"])
    settings.ADMIN_VALUES = []
    assert "Nearly matching" not in text_of(cast.signed_in(near))
    settings.ADMIN_VALUES = ["portal-admins"]
    admin = text_of(cast.signed_in(near))
    assert "“Payments” in the claim “groups” is not “payments”" in admin
    pk = Person.objects.get(sub="sub-mallory").pk
    assert "upper and lower case" in text_of(
        cast.signed_in("carol"), f"/admin/accounts/person/{pk}/change/"
    )


def test_first_start_tells_an_admin_what_is_missing_and_where_to_set_it() -> None:
    page = text_of(cast.signed_in("carol"))

    assert "/admin/accounts/account/" in page
    assert "/admin/accounts/mapping/" in page
    assert "manage.py apply FILE" in page


@pytest.mark.usefixtures("northwind")
def test_portal_without_mappings_names_mappings_only() -> None:
    Mapping.objects.all().delete()

    page = text_of(cast.signed_in("carol"))

    assert "/admin/accounts/mapping/" in page
    assert "/admin/accounts/account/" not in page


def test_first_start_asks_others_to_wait() -> None:
    page = text_of(cast.signed_in("alice"))

    assert "Nothing is set up yet" in page
    assert "/admin/" not in page


def test_first_start_without_an_admin_says_where_one_is_set_and_what_arrived(
    settings: Settings,
) -> None:
    settings.ADMIN_CLAIM, settings.ADMIN_VALUES = "roles", ["the value itself is nobody's to see"]

    page = text_of(cast.signed_in(cast.subject("alice", roles=["staff"])))

    assert "<code>ADMIN_VALUES</code>" in page
    assert "<code>ADMIN_CLAIM</code>" in page
    assert ">staff<" in page
    assert "the value itself" not in page


def test_first_start_with_an_admin_asks_nobody_else_to_be_one() -> None:
    cast.signed_in("carol")

    assert "ADMIN_VALUES" not in text_of(cast.signed_in("alice"))


@pytest.mark.parametrize("path", ["/start", "/start/"])
def test_start_url_leads_people_to_the_page_and_an_aws_cli_to_its_name(
    path: str, client: Client
) -> None:
    assert client.get(path)["Location"] == "/"
    head = client.head(path)
    assert (head.status_code, head["Location"]) == (302, AWS_START_URL)


@pytest.mark.usefixtures("northwind")
def test_forms_may_end_at_aws_only_where_the_console_is_opened() -> None:
    client = cast.signed_in("alice")

    start = client.get("/")["Content-Security-Policy"]
    activity = client.get("/activity")["Content-Security-Policy"]

    assert "form-action 'self' https://*.aws.amazon.com" in start
    assert "aws.amazon.com" not in activity


@pytest.mark.usefixtures("northwind")
def test_who_has_no_accounts_gets_a_message_to_send_and_can_have_the_groups_checked_again(
    settings: Settings,
) -> None:
    settings.SUPPORT_CONTACT = "cloud@northwind.example"

    page = cast.signed_in("mallory").get("/").content.decode()

    assert "I have no AWS accounts in the portal, and I need some." in page
    assert "My identity provider sent: groups = visitors" in page
    assert 'href="mailto:cloud@northwind.example?' in page
    assert 'href="/oidc/authenticate/?next=%2F&amp;verify=1">Check my groups again' in page
