"""IAM policy documents as text: read strictly, checked by IAM's grammar, written without spaces.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from accounts.aws.limits import LONGEST_WRITTEN_POLICY

VERSION = "2012-10-17"
_KEYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[!-~]+")

Statement = dict[str, Any]


class BadPolicy(ValueError):
    """A text that is no policy for a role; its message is for the people who wrote it."""


def statements(text: str) -> list[Statement]:
    """Return the statements of a policy document for a role.

    Raises:
        BadPolicy: it is not one; the message says what to do.
    """
    document = _object(text)
    if unknown := sorted(document.keys() - {"Version", "Id", "Statement"}):
        raise BadPolicy(f"A policy has no “{unknown[0]:.40}”.")
    if document.get("Version") != VERSION:
        raise BadPolicy(f"Write “Version”: “{VERSION}”.")
    found = document.get("Statement")
    items: list[Any] = found if isinstance(found, list) else [found]
    if not items:
        raise BadPolicy("“Statement” is empty.")
    listed = [_statement(item, f"Statement {number}") for number, item in enumerate(items, start=1)]
    sids = [statement["Sid"] for statement in listed if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise BadPolicy("Two statements have the same “Sid”.")
    return listed


def written(listed: Iterable[Statement]) -> str:
    """Return a document of these statements as it is sent: ASCII, without spaces."""
    document = {"Version": VERSION, "Statement": list(listed)}
    return json.dumps(document, separators=(",", ":"))


def names_action(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action such as "sts:AssumeRole", on whatever resource."""
    if "Action" in statement:
        return _names(statement["Action"], action)
    return not _names(statement["NotAction"], action)


def _names(patterns: str | list[str], action: str) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed)


def _object(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_WRITTEN_POLICY:
        raise BadPolicy(f"Write it with fewer than {LONGEST_WRITTEN_POLICY:,} characters.")
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise BadPolicy(f"This is not JSON: {error.msg}, line {error.lineno}.") from None
    except RecursionError:
        raise BadPolicy("It is nested too deep.") from None
    if not isinstance(document, dict):
        raise BadPolicy("A policy is a JSON object.")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice: which of them counts, readers do not agree on."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise BadPolicy("A key is there twice in one object.")
    return document


def _refused(constant: str) -> Any:
    raise BadPolicy(f"JSON has no {constant}.")


def _statement(statement: Any, which: str) -> Statement:
    if not isinstance(statement, dict):
        raise BadPolicy("“Statement” is an object, or a list of objects.")
    if unknown := sorted(statement.keys() - _KEYS):
        raise BadPolicy(f"{which} has “{unknown[0]:.40}”, which the policy of a role cannot have.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise BadPolicy(f"{which}: “Effect” is “Allow” or “Deny”.")
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise BadPolicy(f"{which}: a “Sid” has letters and digits only.")
    _check_one_of(statement, which, "Action", "NotAction", _ACTION)
    _check_one_of(statement, which, "Resource", "NotResource", _RESOURCE)
    if not isinstance(statement.get("Condition", {}), dict):
        raise BadPolicy(f"{which}: “Condition” is an object.")
    return statement


def _check_one_of(
    statement: Statement, which: str, name: str, opposite: str, pattern: re.Pattern[str]
) -> None:
    given = [key for key in (name, opposite) if key in statement]
    if len(given) != 1:
        raise BadPolicy(f"{which}: give “{name}” or “{opposite}”.")
    value = statement[given[0]]
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and pattern.fullmatch(text) for text in texts):
        example = "s3:GetObject" if name == "Action" else "arn:aws:s3:::bucket/*"
        raise BadPolicy(f"{which}: “{given[0]}” is “*”, or texts such as “{example}”.")
