"""Words in the reader's language; in English those of the audit trail and programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils import translation

from accounts import durations, moments
from accounts.durations import Duration
from accounts.messages import Message
from portal import wording

AT = datetime(2026, 11, 28, 18, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [0, 59, 60, 3600, 5400, 7260, 3600 * 1200])
def test_english_durations_are_those_of_programs(seconds: int) -> None:
    assert wording.duration(seconds) == durations.in_words(seconds)


def test_english_moments_are_those_of_the_record() -> None:
    for seconds in (False, True):
        assert wording.moment(AT, seconds=seconds) == moments.in_words(AT, seconds=seconds)


def test_moments_are_in_utc_whatever_zone_they_come_in() -> None:
    there = AT.astimezone(timezone(timedelta(hours=9)))

    assert wording.moment(there) == "28 November 2026, 18:00 UTC"


@pytest.mark.parametrize(
    ("language", "date", "number"),
    [
        ("en-gb", "28 November 2026", "1,200"),
        ("de", "28. November 2026", "1.200"),
        ("fr", "28 novembre 2026", "1\u202f200"),
        ("es", "28 de noviembre de 2026", "1\u202f200"),
        ("ja", "2026年11月28日", "1,200"),
        ("pt-br", "28 de Novembro de 2026", "1.200"),
    ],
)
def test_dates_and_numbers_are_written_as_the_language_writes_them(
    language: str, date: str, number: str
) -> None:
    with translation.override(language):
        moment = wording.moment(AT)
        written = wording.number(1200)

    assert moment.startswith(date)
    assert moment.endswith("18:00 UTC")
    assert written.replace("\xa0", "\u202f") == number


def test_facts_are_said_in_the_words_of_the_reader() -> None:
    message = Message.counted("%(count)s role.", "%(count)s roles.", count=1200) + Message(
        "%(time)s, %(at)s, %(why)s, %(name)s.",
        time=Duration(60),
        at=AT,
        why=Message("no groups"),
        name="100 %",
    )

    said = wording.in_words(message)

    assert said == "1,200 roles. 1 minute, 28 November 2026, 18:00 UTC, no groups, 100 %."


def test_nothing_to_say_is_nothing() -> None:
    """gettext's own answer to "" is the catalog's header."""
    with translation.override("de"):
        assert wording.in_words(Message("")) == ""
