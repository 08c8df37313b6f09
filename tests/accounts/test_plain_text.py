"""Names that look like others, or break the line they are copied into, are refused wherever they are entered."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account, Environment, Mapping, Token, TrustedIssuer
from accounts.models.mappings import MappingTarget, TargetKind
from accounts.models.plain_text import plain_text
from accounts.plans.entries import AccountEntry
from accounts.plans.model_rules import faults_of
from accounts.visible import visible

REFUSED = {
    " payments": "spaces",
    "payments ": "spaces",
    "\u00a0payments": "spaces",
    "pay\tments": "U+0009",
    "pay\nments": "U+000A",
    "pay\u200bments": "U+200B",
    "pay\u202ements": "U+202E",
    "pay\u2028ments": "U+2028",
    "pay\x7fments": "U+007F",
    "\ufeffpayments": "U+FEFF",
    "pay  ments": "second space",
    "pay\u00a0ments": "U+00A0",
    "pay\u3164ments": "U+3164",
    "pay\ufe0fments": "U+FE0F",
    "pay\ue000ments": "U+E000",
}


def test_what_cannot_be_seen_is_refused_and_named() -> None:
    for name, named in REFUSED.items():
        with pytest.raises(ValidationError, match=named.replace("+", r"\+")):
            plain_text(name)


def test_a_name_is_refused_exactly_if_pages_would_mark_something_in_it() -> None:
    differing = []
    for point in (*range(0x3200), *range(0xD7F0, 0x10040), *range(0xE0000, 0xE0200)):
        name = f"a{chr(point)}b"
        try:
            plain_text(name)
        except ValidationError:
            refused = True
        else:
            refused = False
        if refused != (visible(name) != name):
            differing.append(hex(point))

    assert differing == []


def test_names_of_people_pass() -> None:
    for name in (
        "payments-dev",
        "Übung (Köln)",
        "支払い",
        "R&D / Lab",
        "⚠\ufe0f Production",
        "山田\u3000太郎",
    ):
        plain_text(name)


def test_every_name_is_held_to_it() -> None:
    bad = "a\u200bb"
    for row, field in (
        (Account(name=bad), "name"),
        (Account(organizational_unit=f"Workloads/{bad}"), "organizational_unit"),
        (Account(organizational_unit="Workloads/ Payments"), "organizational_unit"),
        (Environment(label=bad), "label"),
        (Mapping(name=bad), "name"),
        (MappingTarget(kind=TargetKind.UNIT, unit=bad), "unit"),
        (TrustedIssuer(name=bad), "name"),
        (Token(purpose=bad), "purpose"),
    ):
        with pytest.raises(ValidationError) as refused:
            row.clean_fields()
        assert field in refused.value.error_dict, field


def test_plan_says_which_name_it_is() -> None:
    entry = AccountEntry(account_id="210987654321", name="payments\n")

    faults = [*faults_of(entry)]

    assert [path for path, _ in faults] == [("name",)]
    assert "Remove the spaces" in faults[0][1]
