"""Trust: session names that two people never share, and how long AWS lets a session be."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import trust
from accounts.aws import clients
from accounts.errors import AwsRefused, AwsUnavailable
from accounts.trust.session_names import session_name
from accounts.types import OfferedRole, SessionLimit, SessionRequest, Subject
from tests import cast

ROLE = OfferedRole(
    id=1,
    account_id="210987654321",
    account_name="payments-dev",
    partition="aws",
    environment=None,
    organizational_unit="",
    tags=(),
    region="eu-west-1",
    role_name="Developer",
    iam_path="/",
    iam_role_name="Developer",
    description="",
    session_duration=8 * 3600,
    destination="",
    privileged=False,
    console=True,
    keys=True,
)
ANY_TEXT = st.text(max_size=300)


@given(issuer=ANY_TEXT, sub=ANY_TEXT, email=ANY_TEXT)
def test_session_name_is_what_sts_takes(issuer: str, sub: str, email: str) -> None:
    name = session_name(Subject(issuer=issuer, sub=sub, email=email))

    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", name)


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=2, max_size=5, unique=True))
def test_two_people_never_share_a_session_name(people: list[tuple[str, str]]) -> None:
    same = "somebody.with.a.very.long.address.that.will.be.cut@departments.northwind.example"

    names = {session_name(Subject(issuer, sub, email=same)) for issuer, sub in people}

    assert len(names) == len(people)


def test_issuer_and_sub_cannot_be_shifted_into_each_other() -> None:
    one = session_name(
        Subject("https://id.example", "1alice", email="a@example.com", email_verified=True)
    )
    other = session_name(
        Subject("https://id.example1", "alice", email="a@example.com", email_verified=True)
    )

    assert one != other


def test_session_name_is_the_same_every_time_and_begins_with_the_email() -> None:
    names = {session_name(cast.subject("alice")) for _ in range(3)}

    assert len(names) == 1
    assert names.pop().startswith("alice@northwind.example-")


def test_session_name_of_somebody_stays_what_it_was() -> None:
    """CloudTrail has years of them, and trust policies name some."""
    name = session_name(
        Subject("https://id.example", "1alice", email="a@example.com", email_verified=True)
    )

    assert name == "a@example.com-77pmqyqzttwp"


def test_session_name_of_somebody_with_no_usable_letter_is_still_a_name() -> None:
    assert session_name(Subject("https://id.example", "1", email="王")).startswith("person-")


def test_unknown_trust_method_is_refused() -> None:
    role = dataclasses.replace(ROLE, trust_method="magic")

    for ask in (
        lambda: trust.session_limit(role),
        lambda: trust.console_duration(role, 900),
        lambda: trust.obtain(
            SessionRequest(
                role=role, subject=cast.subject("alice"), session_name="alice", duration=900
            )
        ),
    ):
        with pytest.raises(AwsRefused, match="magic") as refused:
            ask()
        assert refused.value.code == "trust.unknown"


@pytest.mark.parametrize(("chained", "seconds"), [(True, 3600), (False, 8 * 3600)])
def test_hub_with_temporary_credentials_gives_one_hour_and_says_why(
    monkeypatch: pytest.MonkeyPatch, chained: bool, seconds: int
) -> None:
    monkeypatch.setattr(clients, "hub_is_chained", lambda profile: chained)

    limit = trust.session_limit(ROLE)

    assert limit.seconds == seconds
    assert ("role chaining" in limit.because) is chained
    assert trust.console_duration(ROLE, 1800) == (None if chained else 1800)


def test_short_session_is_not_limited_further() -> None:
    short = dataclasses.replace(ROLE, session_duration=1800)

    assert trust.session_limit(short) == SessionLimit(1800)


def test_where_the_hubs_credentials_do_not_come_no_limit_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hangs(profile: str) -> bool:
        raise AwsUnavailable("Try again.", "the metadata service does not answer")

    monkeypatch.setattr(clients, "hub_is_chained", hangs)

    assert trust.session_limit(ROLE) == SessionLimit(8 * 3600)
