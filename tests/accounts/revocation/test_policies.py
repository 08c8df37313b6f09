"""One policy at AWS: two who write at once, one that does not show what was written, one that denies nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.aws.revocation_policies import Cut, RevocationPolicy
from accounts.errors import AwsRefused, AwsUnavailable
from accounts.revocation import policies
from accounts.revocation.policies import bring_about
from tests import cast

NOW = cast.NOON
ALICE, BOB = "abcdefghij22", "abcdefghij33"


class Kept:
    """A policy as AWS keeps it. `shows`: whether a reader sees what was written."""

    longest = 10_240

    def __init__(self, *, shows: bool = True) -> None:
        self.document: Any = None
        self.shows = shows
        self.written = 0

    def get(self) -> Any:
        return self.document

    def put(self, document: str) -> None:
        self.written += 1
        if self.shows:
            self.document = json.loads(document)


def test_what_is_there_already_is_not_written_again() -> None:
    kept = Kept()
    for _ in range(2):
        bring_about(kept, lambda: {Cut(NOW, ALICE)}, now=NOW)

    assert kept.written == 1


def test_who_writes_last_writes_what_others_asked_for_meanwhile() -> None:
    kept = Kept()
    wanted = {Cut(NOW, ALICE)}

    def asked() -> set[Cut]:
        return set(wanted)

    write = kept.put

    def while_another_asks(document: str) -> None:
        write(document)
        wanted.add(Cut(NOW + timedelta(seconds=5), BOB))

    kept.put = while_another_asks  # type: ignore[method-assign]
    bring_about(kept, asked, now=NOW)

    assert RevocationPolicy.read(kept.document).has(wanted, now=NOW)
    assert len(wanted) == 2


def test_a_policy_that_does_not_show_what_was_written_is_not_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policies, "_READ_BACK_AFTER", (0.0, 0.0))

    with pytest.raises(AwsUnavailable) as unsure:
        bring_about(Kept(shows=False), lambda: {Cut(NOW)}, now=NOW)

    assert unsure.value.code == "revocation.not_read_back"


def test_what_never_rests_is_tried_later() -> None:
    moments = iter(range(100))

    with pytest.raises(AwsUnavailable) as busy:
        bring_about(Kept(), lambda: {Cut(NOW + timedelta(seconds=next(moments)))}, now=NOW)

    assert busy.value.code == "revocation.busy"


def test_a_document_that_is_none_is_left_alone() -> None:
    kept = Kept()
    kept.document = "no policy"

    with pytest.raises(AwsRefused):
        bring_about(kept, lambda: {Cut(NOW)}, now=NOW)

    assert (kept.document, kept.written) == ("no policy", 0)
