"""Trusted issuers in a file: read, checked, applied and exported like the rest."""

from __future__ import annotations

import pytest

from accounts.models import Mapping, TrustedIssuer
from accounts.plans.complaints import InvalidPlan
from accounts.plans.stored import load
from accounts.plans.toml_file.apply import apply_file
from accounts.plans.toml_file.export import export
from tests import cast

pytestmark = pytest.mark.django_db

ISSUER = """
[[issuer]]
name = "CI"
url = "https://ci.northwind.example"
audiences = ["gatehouse"]
"""
MAPPING = """
[[permission_set]]
name = "Developer"

[[mapping]]
name = "Pipelines"
issuer = "CI"
claim = "sub"
value = "repo:northwind/payments"
permission_set = "Developer"
accounts = "all"
"""


def applied(text: str) -> int:
    return len(apply_file(text=text, name="file", actor="carol", origin=cast.ORIGIN, now=cast.NOON))


def complaints(text: str) -> list[str]:
    with pytest.raises(InvalidPlan) as refused:
        applied(text)
    return [str(complaint) for complaint in refused.value.complaints]


def test_issuer_that_cannot_be_trusted_is_complained_about() -> None:
    wrong = {
        ISSUER.replace("https:", "http:"): "https address",
        ISSUER.replace('["gatehouse"]', "[]"): "audiences: This field cannot be blank",
        ISSUER.replace('["gatehouse"]', "[7]"): "must be text",
        ISSUER.replace('audiences = ["gatehouse"]', ""): "audiences: Missing",
        ISSUER + 'algorithm = "HS256"\n': "must be one of",
        ISSUER + ISSUER.replace('"CI"', '"Other"'): "the same issuer",
        MAPPING: 'There is no issuer "CI"',
    }

    found = {text: complaints(text) for text in wrong}

    for text, words in wrong.items():
        assert any(words in complaint for complaint in found[text]), found[text]
    assert not TrustedIssuer.objects.exists()


def test_issuer_with_the_address_of_a_stored_one_is_complained_about() -> None:
    applied(ISSUER)

    assert "the same issuer" in complaints(ISSUER.replace('"CI"', '"Other"'))[0]


def test_address_that_moves_to_another_issuer_is_complained_about() -> None:
    applied(ISSUER)
    moved = ISSUER.replace("https://ci.", "https://new.")

    [complaint] = complaints(ISSUER.replace('"CI"', '"Other"') + moved)

    assert '"CI" has this address in the database. Apply its new address first' in complaint
    assert applied(moved) == 1
    assert applied(ISSUER.replace('"CI"', '"Other"')) == 1


def test_mapping_of_an_issuer_is_applied_and_exported() -> None:
    assert applied(ISSUER + MAPPING) == 3
    assert applied(ISSUER + MAPPING) == 0

    text = export(load())

    assert Mapping.objects.get().issuer == TrustedIssuer.objects.get()
    assert 'issuer = "CI"' in text
    assert 'audiences = ["gatehouse"]' in text
    assert applied(text) == 0


def test_mapping_without_its_issuer_line_is_for_people_again() -> None:
    applied(ISSUER + MAPPING)

    applied(MAPPING.replace('issuer = "CI"\n', ""))

    assert Mapping.objects.get().issuer is None
