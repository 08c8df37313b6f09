"""Policy documents of IAM: whether one allows a request, denies it, or says nothing of it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from demo.cloud import conditions
from demo.cloud.conditions import Context, PolicyNotUnderstood, as_texts, like

Name = tuple[str, str]
"""How a trust policy names a principal: its kind (AWS, Federated, *) and its name."""


class Verdict(Enum):
    """What policies say of a request. An explicit deny wins; where nothing is said, IAM refuses."""

    DENIES = "denies"
    ALLOWS = "allows"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for; `names` is how a trust policy may name who asks."""

    action: str
    resource: str
    context: Context
    names: frozenset[Name] = field(default_factory=frozenset)

    def to(self, action: str) -> Request:
        """Return the same request for another action."""
        return replace(self, action=action)


def parse(document: str) -> list[dict[str, Any]]:
    """Return the statements of a policy document.

    Raises:
        PolicyNotUnderstood: it is not one.
    """
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, LookupError, TypeError):
        raise PolicyNotUnderstood("no JSON object with a Statement") from None
    found = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(one, dict) and one.get("Effect") in ("Allow", "Deny") for one in found):
        raise PolicyNotUnderstood("a statement without an Effect of Allow or Deny")
    return found


def of_trust(document: str, request: Request) -> Verdict:
    """Return what a role's trust policy says of a request by those it names."""
    return _combined(
        statement
        for statement in parse(document)
        if _names_one(statement, request.names) and _covers_action(statement, request)
        if conditions.hold(statement.get("Condition", {}), request.context)
    )


def of_identity(documents: Iterable[str], request: Request) -> Verdict:
    """Return what the policies of a user, role or session say of a request of its own."""
    return _combined(
        statement
        for document in documents
        for statement in parse(document)
        if _covers_action(statement, request) and _covers_resource(statement, request)
        if conditions.hold(statement.get("Condition", {}), request.context)
    )


def _combined(statements: Iterable[dict[str, Any]]) -> Verdict:
    effects = {statement["Effect"] for statement in statements}
    if "Deny" in effects:
        return Verdict.DENIES
    return Verdict.ALLOWS if effects else Verdict.SILENT


def _names_one(statement: dict[str, Any], names: frozenset[Name]) -> bool:
    # Everybody is denied by *, but an Allow for * is no trust in a web identity provider.
    names = names | {("*", "*")} if statement["Effect"] == "Deny" else names
    if "NotPrincipal" in statement:
        if statement["Effect"] == "Allow":
            raise PolicyNotUnderstood("NotPrincipal with Allow")
        return not names & _named(statement["NotPrincipal"])
    return bool(names & _named(statement.get("Principal", {})))


def _named(principal: Any) -> frozenset[Name]:
    if principal == "*":
        return frozenset({("*", "*"), ("AWS", "*")})
    if not isinstance(principal, dict):
        raise PolicyNotUnderstood("a Principal that is neither * nor an object")
    return frozenset((kind, name) for kind, value in principal.items() for name in as_texts(value))


def _covers_action(statement: dict[str, Any], request: Request) -> bool:
    return _covers(statement, "Action", lambda one: like(request.action.lower(), one.lower()))


def _covers_resource(statement: dict[str, Any], request: Request) -> bool:
    return _covers(statement, "Resource", lambda one: like(request.resource, one))


def _covers(statement: dict[str, Any], element: str, matches: Callable[[str], bool]) -> bool:
    if element in statement:
        return any(map(matches, as_texts(statement[element])))
    if f"Not{element}" not in statement:
        raise PolicyNotUnderstood(f"a statement without {element}")
    return not any(map(matches, as_texts(statement[f"Not{element}"])))
