"""The answer to "who can enter" as rows: one for each role that each person has, for CSV and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from accounts.audit_rows import csv_lines
from accounts.explanations.who import PersonWho, WhoCan

MOST_ROWS = 100_000
"""How many rows a file has. The last line of a longer one says that it is cut."""
_BATCH = 500
COLUMNS = (
    "person",
    "issuer",
    "sub",
    "claims_verified_at",
    "account_id",
    "account_name",
    "environment",
    "role",
    "privileged",
    "console",
    "keys",
    "mappings",
)


def rows(answer: WhoCan) -> Iterator[tuple[Any, ...]]:
    """Yield the values of COLUMNS for each role of each person."""
    for one in answer.people:
        yield from _of_person(one, answer)


def csv_file(answer: WhoCan) -> Iterator[str]:
    """Yield the rows as CSV, with a heading; at most MOST_ROWS of them."""
    yield csv_lines([COLUMNS])
    made = rows(answer)
    left = MOST_ROWS
    while left and (batch := list(islice(made, min(left, _BATCH)))):
        left -= len(batch)
        yield csv_lines(batch)
    if answer.cut or next(made, None) is not None:
        yield csv_lines([("This file is cut: ask about an account or a role.",)])


def _of_person(one: PersonWho, answer: WhoCan) -> Iterator[tuple[Any, ...]]:
    subject = one.person.subject
    for number, console, keys, grants in one.roles():
        role = answer.roles[number]
        yield (
            one.person.label,
            subject.issuer,
            subject.sub,
            one.person.verified_at,
            role.account_id,
            role.account_name,
            role.environment.name if role.environment else "",
            role.role_name,
            role.privileged,
            console,
            keys,
            "; ".join(map(str, grants)),
        )
