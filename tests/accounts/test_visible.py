"""What cannot be seen in a name is marked; what can be seen stays as it is."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account, Environment, Mapping
from accounts.visible import visible, visible_lines


def test_what_cannot_be_seen_is_marked() -> None:
    hidden = [
        *(0x00, 0x09, 0x0A, 0x7F, 0x85, 0xA0, 0xAD),
        *(0x034F, 0x061C, 0x115F, 0x180E, 0x2003, 0x200B, 0x200D, 0x200F, 0x2028, 0x202E, 0x2060),
        *(0x2066, 0x2069, 0x2800, 0x3164, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xE000, 0xE0041, 0xE0100),
    ]
    wrong = {
        f"{point:X}": visible(f"pay{chr(point)}ments")
        for point in hidden
        if visible(f"pay{chr(point)}ments") != f"pay[U+{point:04X}]ments"
    }

    assert wrong == {}
    assert visible(" al  ice ") == "[U+0020]al [U+0020]ice[U+0020]"
    assert visible_lines('{\n  "a": "\u202eb"\n}') == '{\n  "a": "[U+202E]b"\n}'


def test_what_can_be_seen_stays_as_it_is() -> None:
    for name in (
        "",
        "Zoë O'Hara-Łuczak",
        "山田\u3000太郎",
        "محمد",
        "⚠\ufe0f Production",
        "a b c",
        "<b>&",
    ):
        assert visible(name) == name


def test_the_directory_takes_no_name_with_something_hidden() -> None:
    for row in (
        Account(account_id="123456789012", name="pay\u202ements"),
        Account(account_id="123456789012", name="payments "),
        Environment(name="prod", label="Prod\u200b"),
        Mapping(name="a\tb", claim="groups", value="x"),
    ):
        with pytest.raises(ValidationError, match=r"cannot be seen|spaces"):
            row.clean_fields(exclude=["permission_set", "environment", "issuer"])
