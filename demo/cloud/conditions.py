"""The conditions of IAM policies, with absent keys as at AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Context = Mapping[str, tuple[str, ...]]
"""The condition keys of a request, each with its values; names as `key_name` spells them."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SETS = ("ForAllValues:", "ForAnyValue:")
_IF_EXISTS = "IfExists"


class PolicyNotUnderstood(Exception):
    """A part of a policy that AWS would not have stored, or that is not emulated."""


class _NoValue(Exception):
    """A policy variable has no value in this request: the condition does not match."""


def key_name(name: str) -> str:
    """Spell the name of a condition key for a `Context`; only those of providers depend on case."""
    return name.lower() if name.lower().startswith(("aws:", "sts:", "iam:")) else name


def hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether all conditions of a statement hold.

    Raises:
        PolicyNotUnderstood: an operator is unknown.
    """
    return all(
        _holds(operator, as_texts(wanted), name, context)
        for operator, block in conditions.items()
        for name, wanted in block.items()
    )


def _holds(written: str, wanted: tuple[str, ...], name: str, context: Context) -> bool:
    each = next((prefix for prefix in _SETS if written.startswith(prefix)), "")
    operator = written.removeprefix(each)
    actual = context.get(key_name(name), ())
    if operator == "Null":
        return any((text == "true") == (not actual) for text in wanted)
    if_exists = operator.endswith(_IF_EXISTS)
    operator = operator.removesuffix(_IF_EXISTS)
    negated = "Not" in operator
    try:
        compare = _OPERATORS[operator.replace("Not", "") if negated else operator]
    except KeyError:
        raise PolicyNotUnderstood(f"the condition operator {written}") from None
    if not actual:
        # The trap: a key that is absent satisfies all of these.
        return if_exists or each == "ForAllValues:" or (negated and each != "ForAnyValue:")

    def matches(value: str) -> bool:
        found = any(_compared(compare, value, text, context) for text in wanted)
        return found != negated

    quantifier = all if each == "ForAllValues:" or (negated and not each) else any
    return quantifier(matches(value) for value in actual)


def _compared(
    compare: Callable[[str, str], bool], value: str, wanted: str, context: Context
) -> bool:
    try:
        return compare(value, _substituted(wanted, context))
    except (ValueError, _NoValue):
        return False


def _substituted(text: str, context: Context) -> str:
    """Replace policy variables; ${*}, ${?} and ${$} stand for these characters themselves."""

    def value(match: re.Match[str]) -> str:
        if match[1] in ("*", "?", "$"):
            return f"\\{match[1]}"
        values = context.get(key_name(match[1]), ())
        if len(values) != 1:
            raise _NoValue
        return re.sub(r"[*?\\]", r"\\\g<0>", values[0])

    return _VARIABLE.sub(value, text)


def like(value: str, pattern: str) -> bool:
    r"""Whether a text matches a pattern with * and ?; \* and \? stand for themselves."""
    parts = re.findall(r"\\.|[^\\]|\\", pattern, re.DOTALL)
    wildcards = {"*": ".*", "?": "."}
    regex = "".join(wildcards.get(part, re.escape(part[-1])) for part in parts)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def as_texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a JSON value that is one, or a list of them."""
    values = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _literal(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _arn_like(value: str, pattern: str) -> bool:
    ours, theirs = value.split(":", 5), pattern.split(":", 5)
    return len(ours) == len(theirs) == 6 and all(map(like, ours, theirs))


def _moment(text: str) -> float:
    if text.isdecimal():
        return float(text)
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _in_network(value: str, network: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network)


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "LessThan": lambda value, wanted: value < wanted,
    "LessThanEquals": lambda value, wanted: value <= wanted,
    "GreaterThan": lambda value, wanted: value > wanted,
    "GreaterThanEquals": lambda value, wanted: value >= wanted,
}


def _ordered(
    order: Callable[[float, float], bool], number: Callable[[str], float]
) -> Callable[[str, str], bool]:
    return lambda value, wanted: order(number(value), number(wanted))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == _literal(wanted),
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == _literal(wanted).lower(),
    "StringLike": like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "IpAddress": _in_network,
    **{f"Numeric{name}": _ordered(order, float) for name, order in _ORDERS.items()},
    **{f"Date{name}": _ordered(order, _moment) for name, order in _ORDERS.items()},
}
