"""What waits, on the index: counts in words, each with the list that holds exactly these rows."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import jobs
from accounts.models import Account, AccountRole, Job, Mapping, TrustCheck
from portal.admin.tasks import tasks

pytestmark = pytest.mark.usefixtures("northwind")


def rows_of(client: Client, url: str) -> int:
    """Return how many rows the list at an address has."""
    page = client.get(url).content.decode()
    found = re.search(r'class="paginator".*?([\d,]+) \w+', page, re.DOTALL)
    assert found, "the list has no count"
    return int(found[1].replace(",", ""))


def test_nothing_waits_where_all_is_tested_and_nothing_expires(carol: Client) -> None:
    now = timezone.now()
    for role in AccountRole.objects.all():
        TrustCheck.objects.create(
            account_role=role, outcome="works", tested_at=now, tested_by="carol"
        )
    Mapping.objects.update(expires_at=None)
    assert tasks(now) == []
    assert "To do" not in carol.get("/admin/").content.decode()


def test_each_count_leads_to_as_many_rows(carol: Client) -> None:
    now = timezone.now()
    Mapping.objects.update(expires_at=None)
    first, second, third = Mapping.objects.order_by("pk")[:3]
    Mapping.objects.filter(pk=first.pk).update(expires_at=now + timedelta(days=3))
    Mapping.objects.filter(pk=second.pk).update(expires_at=now + timedelta(days=8))
    Mapping.objects.filter(pk=third.pk).update(expires_at=now + timedelta(days=1), enabled=False)
    role = AccountRole.objects.order_by("pk")[0]
    TrustCheck.objects.create(account_role=role, outcome="broken", tested_at=now, tested_by="carol")
    for key in ("one", "two"):
        jobs.add("purge", now=now, key=key)
    Job.objects.filter(key="two").update(given_up=True, finished_at=now)
    untested = Account.objects.filter(active=True).exclude(pk=role.account_id).count()

    page = carol.get("/admin/").content.decode()
    found = re.findall(r'<a href="([^"]*)">([\d,]+) ([^<]*)</a>', page)

    assert {(number, words) for _, number, words in found} == {
        ("1", "mapping expires this week"),
        ("1", "role is broken"),
        (str(untested), f"account{'' if untested == 1 else 's'} never tested"),
        ("1", "job given up"),
    }
    for url, number, _ in found:
        assert rows_of(carol, html.unescape(url)) == int(number), url


@pytest.mark.django_db
def test_counting_takes_a_query_for_each_count(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(5):
        tasks(timezone.now())
