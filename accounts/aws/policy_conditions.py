"""The conditions of a policy, read as AWS reads them: true, false, or not to be judged here.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.addresses import is_loopback

_IF_EXISTS = "IfExists"
_FOR_ALL, _FOR_ANY = "ForAllValues:", "ForAnyValue:"
_POSITIVE = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"}
_NEGATED = {each.replace("String", "StringNot").replace("Arn", "ArnNot") for each in _POSITIVE}
_WITH_WILDCARDS = {"StringLike", "StringNotLike", "ArnEquals", "ArnLike"} | {
    "ArnNotEquals",
    "ArnNotLike",
}
# Keys that AWS sets only where the caller sent something, so that the portal knows whether they are there.
_SENT_BY_CALLER = {"sts:externalid"}
_OF_AWS = ("aws:", "sts:", "iam:", "saml:")


@dataclass(frozen=True, slots=True)
class Test:
    """One key of one operator, with the values that the policy allows. `key` is lower-case: AWS ignores the case."""

    operator: str
    key: str
    values: tuple[str, ...]

    __test__ = False  # Not one of pytest's.

    @property
    def is_true_when_absent(self) -> bool:
        """Whether the test holds for a request that does not have the key at all."""
        if self.operator == "Null":
            return "true" in (value.lower() for value in self.values)
        return (
            self.operator.endswith(_IF_EXISTS)
            or self.operator.startswith(_FOR_ALL)
            or (self.is_negated and not self.operator.startswith(_FOR_ANY))
        )

    @property
    def is_negated(self) -> bool:
        """Whether it holds for all values but those named."""
        return self._plain in _NEGATED

    @property
    def _plain(self) -> str:
        return self.operator.removeprefix(_FOR_ALL).removeprefix(_FOR_ANY).removesuffix(_IF_EXISTS)

    def holds(self, context: Mapping[str, str]) -> bool | None:
        """Whether it holds for a request with these values by lower-case key; None if that cannot be said."""
        sent = context.get(self.key)
        if sent is None and not (is_provider_key(self.key) or self.key in _SENT_BY_CALLER):
            return None
        if self.operator == "Null":
            return (sent is None) == self.is_true_when_absent
        if self._plain not in _POSITIVE | _NEGATED or any("${" in each for each in self.values):
            return None
        if sent is None:
            return self.is_true_when_absent
        return any(self._matches(sent, each) for each in self.values) is not self.is_negated

    def _matches(self, sent: str, value: str) -> bool:
        if self._plain.endswith("IgnoreCase"):
            return sent.lower() == value.lower()
        return is_like(sent, value) if self._plain in _WITH_WILDCARDS else sent == value


def tests_of(condition: Mapping[str, Any]) -> tuple[Test, ...]:
    """Return the tests of a condition: all must hold. Values that are not text become what JSON calls them."""
    return tuple(
        Test(str(operator), str(key).lower(), _texts(values))
        for operator, keys in condition.items()
        for key, values in (keys.items() if isinstance(keys, Mapping) else ((str(keys), ()),))
    )


def is_provider_key(key: str) -> bool:
    """Whether a key is a claim of an OIDC provider: `id.example.com/path:sub`."""
    provider, _, claim = key.rpartition(":")
    is_host = any(mark in provider for mark in ".:/") or is_loopback(provider)
    return is_host and bool(claim) and not key.lower().startswith(_OF_AWS)


def narrows(test: Test, claim: str) -> bool:
    """Whether a test lets only some values of a provider's claim pass, and none where it is absent."""
    return (
        is_provider_key(test.key)
        and test.key.endswith(f":{claim}")
        and test._plain in _POSITIVE
        and not test.is_true_when_absent
        and bool(test.values)
        and not any(set(value) <= {"*", "?"} for value in test.values)
    )


def is_like(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern in which `*` is any text and `?` any character."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _texts(values: Any) -> tuple[str, ...]:
    listed = values if isinstance(values, list | tuple) else [values]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)
