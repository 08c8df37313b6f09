"""The generated company: as large as it says, and somebody with very many groups costs three queries there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import entitlements
from accounts.models import Account, AccountRole, Mapping, Person, SignIn
from accounts.types import Subject
from bench import large_company
from bench.large_company import Size

pytestmark = pytest.mark.django_db

SMALL = Size(accounts=60, permission_sets=4, mappings=400, people=10)


def test_company_is_as_large_as_it_says_and_all_rows_are_valid() -> None:
    large_company.build(SMALL)

    assert Account.objects.count() == 60
    assert AccountRole.objects.count() == 240
    assert Mapping.objects.filter(targets__isnull=False).distinct().count() == 400
    assert Person.objects.count() == SignIn.objects.count() == 10
    for mapping in Mapping.objects.all():
        mapping.full_clean()
    for account in Account.objects.all():
        account.full_clean()


@pytest.mark.parametrize("groups", [0, 10, large_company.GROUPS])
def test_entitlements_cost_at_most_three_queries_whatever_the_groups(groups: int) -> None:
    large_company.build(SMALL)
    subject = Subject(
        issuer="https://id.example",
        sub="ada",
        claims={"groups": large_company.many_groups(groups)},
    )

    with CaptureQueriesContext(connection) as queries:
        decided = entitlements.resolve(subject=subject, now=timezone.now())

    assert len(queries) <= 3
    assert bool(decided.granted) == bool(groups)
