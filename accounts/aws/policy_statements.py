"""The statements of a trust policy, read: who, what, and under which conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.aws.policy_conditions import is_like

_ACCOUNT_OF = re.compile(r"arn:[^:]+:(?:iam|sts)::([0-9]{12}):")
_ROLE_SESSION = re.compile(r"(arn:[^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")


class Unreadable(ValueError):
    """Something is no policy; the text says why not: "has no list of statements"."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `principals` are pairs of kind (AWS, Federated, Service, ...) and value.

    `principal_is_known` is false with NotPrincipal, `actions_are_known` with NotAction.
    """

    allows: bool
    principals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    condition: Mapping[str, Any]
    sid: str = ""
    principal_is_known: bool = True
    actions_are_known: bool = True

    @property
    def called(self) -> str:
        """Its name in a sentence, with a space before; "" if it has none."""
        return f" ({self.sid})" if self.sid else ""

    @property
    def is_for_all_but_some(self) -> bool:
        """Whether it names those who are not meant."""
        return not self.principal_is_known

    def has_action(self, action: str) -> bool:
        """Whether it is about an action, wildcards included."""
        return not self.actions_are_known or any(
            is_like(action.lower(), pattern.lower()) for pattern in self.actions
        )

    def has_principal(self, *, kind: str, principal: str) -> bool | None:
        """Whether it is about a principal; None if that cannot be said."""
        if not self.principal_is_known:
            return None
        return any(
            value == "*" or (of == kind and _is_same(value, principal))
            for of, value in self.principals
        )

    def covers(self, *, action: str, kind: str, principal: str) -> bool | None:
        """Whether it is about this action of this principal; None if that cannot be said."""
        if not self.has_action(action):
            return False
        about = self.has_principal(kind=kind, principal=principal)
        return None if about and not self.actions_are_known else about


def statements_of(policy: Any) -> tuple[Statement, ...]:
    """Return the statements of a policy, decoded from JSON.

    Raises:
        Unreadable: it does not have the shape of a policy.
    """
    if not isinstance(policy, Mapping):
        raise Unreadable("is not a JSON object")
    listed = policy.get("Statement", [])
    listed = [listed] if isinstance(listed, Mapping) else listed
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise Unreadable("has no list of statements")
    return tuple(map(_statement, listed))


def _statement(one: Mapping[str, Any]) -> Statement:
    effect, condition = one.get("Effect"), one.get("Condition", {})
    if effect not in ("Allow", "Deny"):
        raise Unreadable("has a statement that neither allows nor denies")
    if not isinstance(condition, Mapping):
        raise Unreadable("has a condition that is not a JSON object")
    return Statement(
        allows=effect == "Allow",
        principals=_principals(one.get("Principal", {})),
        actions=texts(one.get("Action", [])),
        condition=condition,
        sid=str(one.get("Sid", ""))[:64],
        principal_is_known="NotPrincipal" not in one,
        actions_are_known="NotAction" not in one,
    )


def _principals(named: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(named, str):
        return (("AWS", named),)
    if not isinstance(named, Mapping):
        raise Unreadable("has a principal that is not a JSON object")
    return tuple((str(kind), value) for kind, values in named.items() for value in texts(values))


def texts(value: Any) -> tuple[str, ...]:
    """Return one text, or a list of them, as a tuple.

    Raises:
        Unreadable: it is something else.
    """
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise Unreadable("has a value that is neither a text nor a list of texts")
    return tuple(listed)


def _is_same(value: str, principal: str) -> bool:
    """Whether a policy's principal is this one, or its whole account, or the role of its session."""
    if value == principal:
        return True
    if (session := _ROLE_SESSION.fullmatch(principal)) is not None:
        partition, account_id, role = session.groups()
        # The session's ARN does not have the role's path.
        if re.fullmatch(
            rf"{re.escape(partition)}:iam::{account_id}:role/(?:.*/)?{re.escape(role)}", value
        ):
            return True
    account = _ACCOUNT_OF.match(principal)
    return account is not None and (
        value == account[1] or re.fullmatch(rf"arn:[^:]+:iam::{account[1]}:root", value) is not None
    )
