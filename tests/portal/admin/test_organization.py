"""The admin's page of AWS Organizations: refusals first."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.from_aws import organization_sync
from accounts.models import Job, OrganizationReading

pytestmark = pytest.mark.usefixtures("northwind")

PAGE = "/admin/organization/"


def test_only_portal_admins_see_it_and_begin_a_reading(alice: Client, olga: Client) -> None:
    for visitor in (alice, olga, Client()):
        assert visitor.get(PAGE).status_code in (302, 403)
        assert visitor.post(PAGE).status_code in (302, 403)
    assert not Job.objects.filter(kind=organization_sync.JOB).exists()


def test_the_button_asks_the_worker_once_and_the_page_says_how_far_it_is(carol: Client) -> None:
    for _ in range(2):
        assert carol.post(PAGE).status_code == 302
    assert Job.objects.filter(kind=organization_sync.JOB).count() == 1

    now = timezone.now()
    OrganizationReading.objects.create(
        started_at=now, saved_at=now, step="tags", done=30, total=90, outcome="aws.throttled: <b>"
    )
    page = carol.get(PAGE).content.decode()
    assert 'max="90" value="30"' in page
    assert "aws.throttled: &lt;b&gt;" in page
    assert "Read the organization" not in page
