"""What people and providers write stays text; lists cost the same queries whatever their length."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, AuditEvent, Mapping, MappingTarget
from tests import cast

HOSTILE = "<script>alert(1)</script>"
INERT = "&lt;script&gt;alert(1)&lt;/script&gt;"

LISTS = ("environment", "account", "permissionset", "accountrole", "mapping", "person", "signin")


@pytest.fixture
def hostile(db: None) -> None:
    """A company in which every text is a script."""
    account = cast.account(HOSTILE, "123456789012", organizational_unit=HOSTILE.replace("/", ""))
    account.tags = {HOSTILE: HOSTILE}
    account.save()
    offered = cast.permission_set("ReadOnly", description=HOSTILE)
    cast.offer(account, offered)
    mapping = cast.mapping(HOSTILE, offered, account, name=HOSTILE, claim="groups")
    MappingTarget.objects.create(mapping=mapping, kind="tag", tag_key=HOSTILE, tag_value=HOSTILE)
    person = cast.subject("mallory", groups=[HOSTILE])
    cast.sign_in(
        type(person)(issuer=person.issuer, sub=HOSTILE, name=HOSTILE, claims=person.claims)
    )


@pytest.mark.usefixtures("hostile")
def test_hostile_texts_are_inert_on_every_page(carol: Client) -> None:
    account, mapping = Account.objects.get(), Mapping.objects.get()
    carol.post(
        "/admin/accounts/mapping/", {"action": "disable", "_selected_action": str(mapping.pk)}
    )
    events = AuditEvent.objects.filter(action="admin.object.changed")
    pages = [
        "/admin/",
        *(f"/admin/accounts/{name}/" for name in (*LISTS, "auditevent")),
        f"/admin/accounts/account/{account.pk}/change/",
        f"/admin/accounts/account/{account.pk}/delete/",
        "/admin/accounts/account/onboarding/?account=123456789012",
        f"/admin/accounts/mapping/{mapping.pk}/change/",
        f"/admin/accounts/mapping/{mapping.pk}/preview/",
        f"/admin/accounts/mapping/{mapping.pk}/history/",
        *(f"/admin/accounts/auditevent/{event.pk}/change/" for event in events),
        f"/admin/accounts/auditevent/?account={HOSTILE}&q={HOSTILE}&actor={HOSTILE}",
    ]

    seen = 0
    for address in pages:
        page = carol.get(address, follow=True).content.decode()
        assert HOSTILE not in page, address
        seen += INERT in page
    assert seen > len(pages) // 2


def _grow(number: int) -> None:
    account = cast.account(f"grown-{number}", f"{number:012}", environment=f"env-{number}")
    offered = cast.permission_set(f"Grown{number}")
    cast.offer(account, offered)
    cast.mapping(f"grown-{number}", offered, account)
    cast.sign_in(cast.subject(f"person-{number}"))


def test_a_list_costs_the_same_queries_whatever_its_length(carol: Client, northwind: None) -> None:
    def queries() -> dict[str, int]:
        counts = {}
        for name in (*LISTS, "auditevent"):
            with CaptureQueriesContext(connection) as captured:
                carol.get(f"/admin/accounts/{name}/")
            counts[name] = len(captured)
        return counts

    _grow(1)
    before = queries()
    for number in range(2, 12):
        _grow(number)

    assert queries() == before


@pytest.mark.parametrize("name", ["account", "mapping"])
def test_a_change_page_costs_the_same_queries_whatever_its_rows(
    carol: Client, northwind: None, django_assert_num_queries: DjangoAssertNumQueries, name: str
) -> None:
    account, mapping = Account.objects.all()[0], Mapping.objects.all()[0]
    page = f"/admin/accounts/{name}/{(account if name == 'account' else mapping).pk}/change/"
    with CaptureQueriesContext(connection) as first:
        carol.get(page)
    for number in range(10):
        offered = cast.permission_set(f"More{number}")
        cast.offer(account, offered)
        more = cast.account(f"more-{number}", f"{number:012}")
        mapping.targets.create(kind="account", account=more)

    with django_assert_num_queries(len(first)):
        carol.get(page)


def test_the_admins_colours_are_the_portals() -> None:
    folder = Path(django_settings.BASE_DIR) / "portal" / "static" / "portal"
    portal, admin = (
        [dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]+);", root)) for root in roots[:2]]
        for roots in (
            re.findall(r":root \{(.*?)\}", (folder / name).read_text(), re.DOTALL)
            for name in ("portal.css", "admin.css")
        )
    )

    for of_portal, of_admin in zip(portal, admin, strict=True):
        shared = of_portal.keys() & of_admin.keys()
        assert len(shared) > 10
        assert {name: of_admin[name] for name in shared} == {
            name: of_portal[name] for name in shared
        }


def test_no_page_of_the_admin_holds_anything_inline(carol: Client, northwind: None) -> None:
    mapping = Mapping.objects.all()[0]

    for address in ("", "accounts/account/", f"accounts/mapping/{mapping.pk}/change/"):
        page = carol.get(f"/admin/{address}").content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
