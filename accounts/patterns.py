"""How the value of a mapping is compared with the values of a claim: exactly, with `*`, or as a template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from accounts.aws.limits import ACCOUNT_ID
from accounts.types import OfferedRole

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# `role` is the permission set's name. In a template for ARNs it is the IAM role's path and name, so
# that an ARN in a claim stands for exactly that role.
PLACEHOLDERS = ("account_id", "account", "environment", "partition", "role")
# Overlapping ones too: a claim may hold 13 digits, of which the first or the last 12 are an account.
_ACCOUNT_IDS = re.compile(rf"(?=({ACCOUNT_ID}))")


class Match(StrEnum):
    """How a mapping compares its value."""

    EXACT = "exact"
    WILDCARD = "wildcard"
    TEMPLATE = "template"


def wildcard(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern: `*` stands for any text, other characters for themselves.

    Each part between stars is searched once from the left, which takes linear time. A regular
    expression would backtrack, and people who name their own groups choose the value.
    """
    first, star, rest = pattern.partition("*")
    if not star:
        return value == pattern
    *middle, last = rest.split("*")
    start, end = len(first), len(value) - len(last)
    if start > end or not value.startswith(first) or not value.endswith(last):
        return False
    for part in middle:
        position = value.find(part, start, end)
        if position < 0:
            return False
        start = position + len(part)
    return True


class Searchable:
    """The values of a claim, joined so that one search for a pattern's text goes through all of them.

    Somebody may have 9,000 groups, and there may be hundreds of patterns: compared one by one that
    takes seconds. Only what holds the longest text of the pattern is compared.
    """

    def __init__(self, values: Iterable[str]) -> None:
        # No value holds NUL: `accounts.storable`.
        self._text = "\0".join(("", *sorted(values), ""))

    def matching(self, pattern: str) -> Iterator[str]:
        """Yield the values that fit a pattern, as `wildcard` says, in their order."""
        anchor = max(f"\0{pattern}\0".split("*"), key=len)
        position = self._text.find(anchor)
        while 0 <= position < len(self._text) - 1:
            # An anchor that begins or ends with NUL includes the edge of its value.
            begin = position + 1 if anchor[0:1] == "\0" else self._text.rfind("\0", 0, position) + 1
            end = self._text.find("\0", begin)
            if wildcard(pattern, value := self._text[begin:end]):
                yield value
            position = self._text.find(anchor, end)


def could_be_rendered(template: str, value: str) -> bool:
    """Whether a template could give this value for some role. A quick first test, not the decision."""
    return wildcard(PLACEHOLDER.sub("*", template), value)


def render(template: str, role: OfferedRole) -> str | None:
    """Fill in a template for one account role; None where the role lacks what it names."""
    values = {
        "account_id": role.account_id,
        "account": role.account_name,
        "environment": role.environment.name if role.environment else "",
        "partition": role.partition,
        "role": f"{role.iam_path}{role.iam_role_name}".removeprefix("/")
        if is_arn(template)
        else role.role_name,
    }
    if not all(values.get(name) for name in PLACEHOLDER.findall(template)):
        return None
    return PLACEHOLDER.sub(lambda placeholder: values[placeholder[1]], template)


def is_arn(template: str) -> bool:
    """Whether a template is that of a role's ARN."""
    return template.startswith("arn:")


def could_render(template: str, values: Searchable) -> Iterator[str]:
    """Yield the values that `could_be_rendered`."""
    return values.matching(PLACEHOLDER.sub("*", template))


def account_ids(template: str, values: Iterable[str] | Searchable) -> frozenset[str] | None:
    """Return every account id that these values could name through a template, to narrow a query.

    None where the template names no account id, so nothing can be narrowed.
    """
    if "{account_id}" not in template:
        return None
    searchable = values if isinstance(values, Searchable) else Searchable(values)
    return frozenset(
        account_id
        for value in could_render(template, searchable)
        for account_id in _ACCOUNT_IDS.findall(value)
    )
