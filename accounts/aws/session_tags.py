"""AWS's rules for session tags, asked before AWS is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from accounts.aws.limits import LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_SESSION_TAGS
from accounts.errors import InvalidRequest

# [\p{L}\p{Z}\p{N}_.:/=+\-@]: https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
_PUNCTUATION = frozenset("_.:/=+-@")
_ALPHABET = "letters, digits, spaces and _.:/=+-@"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules: of keys and of values.
_RESERVED = "aws:"

NONE: Mapping[str, str] = MappingProxyType({})


def check(tags: Mapping[str, str]) -> None:
    """Refuse session tags that AWS would.

    Raises:
        InvalidRequest: its message says which tag breaks which rule.
    """
    if fault := fault_of_keys(tags) or fault_of_values(tags):
        raise InvalidRequest(fault, code="request.tags")


def fault_of_keys(keys: Iterable[str]) -> str:
    """Say what is wrong with these keys of session tags; "" if AWS takes them together."""
    seen: dict[str, str] = {}
    for key in keys:
        if not 1 <= len(key) <= LONGEST_TAG_KEY or not _is_spelled_well(key):
            return (
                f"“{_shown(key)}” cannot be the key of a session tag: a key has 1 to {LONGEST_TAG_KEY} "
                f"{_ALPHABET}, and does not begin with {_RESERVED}"
            )
        # AWS keeps the case of keys and does not tell them apart by it.
        if (other := seen.get(key.casefold())) is not None:
            return f"“{other}” and “{key}” are one session tag to AWS, which does not look at case."
        seen[key.casefold()] = key
    if len(seen) > MOST_SESSION_TAGS:
        return f"AWS takes at most {MOST_SESSION_TAGS} session tags; these are {len(seen)}."
    return ""


def fault_of_values(tags: Mapping[str, str]) -> str:
    """Say what is wrong with the values of these session tags; "" if AWS takes them."""
    for key, value in tags.items():
        if len(value) > LONGEST_TAG_VALUE or not _is_spelled_well(value):
            return (
                f"The session tag “{key}” cannot have this value: a value has up to {LONGEST_TAG_VALUE} "
                f"{_ALPHABET}, and does not begin with {_RESERVED}"
            )
    return ""


def _is_spelled_well(text: str) -> bool:
    return not text.casefold().startswith(_RESERVED) and all(
        character in _PUNCTUATION or unicodedata.category(character)[0] in "LNZ"
        for character in text
    )


def _shown(key: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in key[:LONGEST_TAG_KEY])
