"""The page about the format says what the format is."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from accounts import entitlements
from accounts.models import Account, Mapping
from accounts.patterns import PLACEHOLDERS
from accounts.plans.entries import KINDS
from accounts.plans.fields import Role, TargetsTable
from accounts.plans.toml_file.apply import apply_file
from tests import cast

PAGE = (settings.BASE_DIR / "docs" / "configuration-as-code.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def apply_block(text: str) -> int:
    return len(apply_file(text=text, name="page", actor="carol", origin=cast.ORIGIN, now=cast.NOON))


@pytest.mark.django_db
def test_every_example_on_the_page_is_applied() -> None:
    changed = [apply_block(text) for text in BLOCKS]

    assert all(changed)
    assert Account.objects.count() == 2
    assert Mapping.objects.count() == 8


@pytest.mark.django_db
def test_the_smallest_useful_file_is_useful() -> None:
    apply_block(BLOCKS[0])

    found = entitlements.resolve(subject=cast.subject("alice"), now=cast.NOON)

    assert [one.role.arn for one in found.granted] == ["arn:aws:iam::123456789012:role/ReadOnly"]


@pytest.mark.django_db
def test_an_arn_in_a_claim_gives_the_role_that_the_page_says() -> None:
    for text in BLOCKS:
        apply_block(text)
    arn = "arn:aws:iam::123456789012:role/gatehouse/Operator"
    roles = [arn, "arn:aws:iam::123456789012:role/Operator"]
    mallory = cast.subject("mallory", resource_access={"gatehouse": {"roles": roles}})

    found = entitlements.resolve(subject=mallory, now=cast.NOON)

    assert arn in PAGE
    assert [one.role.arn for one in found.granted] == [arn]


def test_the_page_names_every_key_and_placeholder() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    keys = {key for kind in KINDS for key in kind.model_fields}

    assert keys | Role.model_fields.keys() | TargetsTable.model_fields.keys() <= named
    assert all(f"`{{{name}}}`" in PAGE for name in PLACEHOLDERS)
