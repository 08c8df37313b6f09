"""The command's search finds what that of the portal's pages does."""

from __future__ import annotations

import pytest

from gatehouse_client import searching
from portal.pages.search import fold

ROLE = {"account_name": "Zürich Łódź", "account_id": "210987654321", "role_name": "Developer"}


@pytest.mark.parametrize(
    "search", ["zurich", "ZÜRICH develop", "Zu\u0308rich", "lodz", "ŁÓDŹ 2109"]
)
def test_accents_and_letter_case_do_not_matter(search: str) -> None:
    assert searching.matches(ROLE, search)
    assert not searching.matches(ROLE, f"{search} basel")


def test_letters_are_folded_as_the_portal_folds_them() -> None:
    for text in ("Zürich", "Smørrebrød", "İstanbul", "Straße", "ĐĂ", "Zu\u0308rich", "plain"):
        assert searching.matches({"account_name": text}, fold(text))
