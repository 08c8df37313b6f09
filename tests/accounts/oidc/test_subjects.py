"""Who somebody is, by the claims of the providers people use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.oidc.subjects import PROTOCOL_CLAIMS, merge_userinfo, parse_time, subject

ISSUER = "https://id.example"

# From the providers' own documentation: Keycloak, Entra ID v2, AD FS, GitLab, Cognito, nothing but `sub`.
SHAPES: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {
            "name": "Alice Archer", "email": "a@x.com", "email_verified": True,
            "preferred_username": "alice",
        },
        "Alice Archer", "a@x.com", "a@x.com",
    ),
    ({"name": "Alice Archer", "preferred_username": "a@x.com"}, "Alice Archer", "a@x.com", "a@x.com"),
    ({"upn": "a@corp", "unique_name": "CORP\\a"}, "CORP\\a", "a@corp", "a@corp"),
    ({"preferred_username": "alice", "nickname": "al"}, "alice", "", "alice"),
    ({"cognito:username": "alice"}, "alice", "", "alice"),
    ({}, "", "", "sub-1"),
    ({"name": ["Alice"], "email": True, "upn": 7}, "", "", "sub-1"),
    ({"email": "no address", "name": ""}, "", "", "sub-1"),
]  # fmt: skip


@pytest.mark.parametrize(("claims", "name", "email", "label"), SHAPES)
def test_people_are_called_what_their_provider_calls_them(
    claims: dict[str, Any], name: str, email: str, label: str
) -> None:
    found = subject(issuer=ISSUER, claims={"sub": "sub-1", **claims})

    assert (found.name, found.email, found.label) == (name, email, label)
    assert (found.issuer, found.sub) == (ISSUER, "sub-1")


@pytest.mark.parametrize(
    ("amr", "kept"),
    [
        (["pwd", "mfa"], ("pwd", "mfa")),
        ("mfa", ("mfa",)),
        (["mfa", 7, None], ("mfa",)),
        (None, ()),
        ({"mfa": True}, ()),
        ([], ()),
    ],
)
def test_how_somebody_signed_in_is_read_as_texts(amr: object, kept: tuple[str, ...]) -> None:
    assert subject(issuer=ISSUER, claims={"sub": "a", "amr": amr, "acr": 7}).amr == kept


@pytest.mark.parametrize(
    ("value", "when"),
    [
        (1700000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1700000000.5, datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC)),
        ("2023-11-14T22:13:20Z", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("2023-11-14T22:13:20", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (
            "2023-11-14T22:13:20+01:00",
            datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone(timedelta(hours=1))),
        ),
        (None, None),
        (True, None),
        ("", None),
        ("yesterday", None),
        (10**30, None),
        ([1700000000], None),
        ("9" * 400, None),
        # Outside the calendar once they are in UTC.
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
    ids=str,
)
def test_a_time_is_read_in_every_way_it_is_written(value: object, when: datetime | None) -> None:
    assert parse_time(value) == when


@given(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
)
def test_an_odd_time_is_none(value: object) -> None:
    found = parse_time(value)

    assert found is None or found.tzinfo is UTC


def test_userinfo_says_more_about_the_person_and_nothing_about_the_sign_in() -> None:
    id_token = {"sub": "a", "iss": ISSUER, "nonce": "n", "groups": ["few"], "hd": "x"}
    userinfo = dict.fromkeys(PROTOCOL_CLAIMS, "forged") | {"groups": ["few", "more"]}

    assert merge_userinfo(id_token, userinfo) == {
        "sub": "a",
        "iss": ISSUER,
        "hd": "x",
        "groups": ["few", "more"],
    }
