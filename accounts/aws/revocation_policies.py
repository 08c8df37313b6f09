"""Policies that end sessions: statements that deny everything to sessions that began before a moment.

They are merged with what is there already, never replaced, and no moment in them moves back. A statement that is
not of this kind stays as it is.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.aws.limits import LONGEST_SESSION, PERSON_MARK
from accounts.errors import AwsRefused

DENY_OLDER_SESSIONS = "GatehouseDenyOlderSessions"
"""The name of the inline policy of a role that ends sessions. Templates place it empty."""
OUTLIVED = timedelta(seconds=LONGEST_SESSION, minutes=15)
"""Of a cut this old no session is left: AWS's longest, and some minutes for clocks."""

_ISSUED, _USER, _SOURCE = "aws:TokenIssueTime", "aws:userid", "aws:SourceIdentity"
_PRINCIPAL = "aws:PrincipalArn"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """Ends the sessions that AWS opened before `since`, a whole second in UTC.

    `person` is the mark that the person's session names and source identities end with, "" for everybody's
    sessions. `roles` are ARNs of roles, with * in them, () for every role that the policy reaches.
    """

    since: datetime
    person: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RevocationPolicy:
    """What a policy cuts, and the statements in it that mean something else."""

    cuts: frozenset[Cut] = frozenset()
    others: tuple[Any, ...] = ()

    @classmethod
    def read(cls, document: Any) -> RevocationPolicy:
        """Return what a policy document says; None is no policy.

        Raises:
            AwsRefused: it is none, so it is not written over.
        """
        if document is None:
            return cls()
        try:
            found = document["Statement"]
        except (TypeError, LookupError):
            raise _not_understood() from None
        statements = found if isinstance(found, list) else [found]
        cuts: set[Cut] = set()
        others = []
        for statement in statements:
            of_statement = _cuts_of(statement)
            cuts |= of_statement or set()
            if of_statement is None:
                others.append(statement)
        return cls(frozenset(cuts), tuple(others))

    def merged(self, cuts: Iterable[Cut], *, now: datetime) -> RevocationPolicy:
        """Return this policy with further cuts. Of each kind the latest moment counts; of persons, the outlived go.

        What cuts everybody stays for ever: it is one statement, and never moves back.
        """
        latest: dict[tuple[str, tuple[str, ...]], datetime] = {}
        for cut in (*self.cuts, *cuts):
            key = (cut.person, cut.roles)
            latest[key] = max(cut.since, latest.get(key, _NEVER))
        everybody = latest.get(("", ()), _NEVER)
        kept = {
            Cut(since, person, roles)
            for (person, roles), since in latest.items()
            if not (person or roles) or (since > everybody and since > now - OUTLIVED)
        }
        return replace(self, cuts=frozenset(kept))

    def has(self, cuts: Iterable[Cut], *, now: datetime) -> bool:
        """Whether these cuts are in force by this policy."""
        return self.merged(cuts, now=now).cuts == self.merged((), now=now).cuts

    def written(self, longest: int) -> str:
        """Return the policy as JSON without white space, of at most so many characters.

        Where there is no room, cuts of several moments become one of the latest: that ends newer sessions of some
        people too, who get new keys.

        Raises:
            AwsRefused: there is no room even so.
        """
        for cuts in (self.cuts, _of_one_moment(self.cuts)):
            document = {"Version": "2012-10-17", "Statement": [*self.others, *_statements(cuts)]}
            text = json.dumps(document, separators=(",", ":"))
            if len(text) <= longest:
                return text
        raise AwsRefused(
            "The policy that ends sessions is full. End the sessions of everybody in the role instead.",
            f"the policy would have {len(text)} characters, and AWS takes {longest}",
            code="revocation.policy_full",
        )


def _of_one_moment(cuts: frozenset[Cut]) -> frozenset[Cut]:
    latest: dict[tuple[str, ...], datetime] = {}
    for cut in cuts:
        latest[cut.roles] = max(cut.since, latest.get(cut.roles, _NEVER))
    return frozenset(replace(cut, since=latest[cut.roles]) if cut.person else cut for cut in cuts)


def _statements(cuts: frozenset[Cut]) -> Iterator[Json]:
    """Yield statements. A person has two, as the keys of one condition must all hold, and often only one is there."""
    everybody = [cut for cut in cuts if not cut.person and not cut.roles]
    yield _deny(everybody[0].since if everybody else _NEVER, Sid="DenyOlderSessions")
    groups: dict[tuple[datetime, tuple[str, ...]], set[str]] = defaultdict(set)
    for cut in sorted(cuts):
        if cut.person or cut.roles:
            groups[cut.since, cut.roles].add(cut.person)
    for (since, roles), persons in groups.items():
        where: Json = {"ArnLike": {_PRINCIPAL: list(roles)}} if roles else {}
        if "" in persons:
            yield _deny(since, Condition=where)
        if named := sorted(persons - {""}):
            yield _deny(since, Condition={**where, "StringLike": {_USER: _like("*:*-", named)}})
            yield _deny(since, Condition={**where, "StringLike": {_SOURCE: _like("*-", named)}})


def _deny(since: datetime, *, Sid: str = "", Condition: Json | None = None) -> Json:
    moment = {"DateLessThan": {_ISSUED: f"{since:%Y-%m-%dT%H:%M:%SZ}"}}
    named = {"Sid": Sid} if Sid else {}
    return {
        **named,
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {**moment, **(Condition or {})},
    }


def _like(before: str, marks: list[str]) -> list[str]:
    return [f"{before}{mark}" for mark in marks]


def _cuts_of(statement: Any) -> set[Cut] | None:
    """Return the cuts of a statement; None if it means something else."""
    if not isinstance(statement, dict):
        return None
    plain = {
        key: _listed(value) for key, value in statement.items() if key not in ("Sid", "Condition")
    }
    if plain != {"Effect": ["Deny"], "Action": ["*"], "Resource": ["*"]}:
        return None
    try:
        condition = {
            operator: {key: _listed(values) for key, values in tests.items()}
            for operator, tests in statement["Condition"].items()
        }
        dates = condition.pop("DateLessThan")
        (moment,) = dates.pop(_ISSUED)
        if dates:
            return None
        since = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    roles = tuple(condition.pop("ArnLike", {_PRINCIPAL: []}).get(_PRINCIPAL, [None]))
    names = condition.pop("StringLike", None)
    if condition or None in roles:
        return None
    persons = [""] if names is None else _persons(names)
    return None if persons is None else {Cut(since, person, roles) for person in persons}


def _persons(names: Json) -> list[str] | None:
    for key, pattern in ((_USER, rf"\*:\*-({PERSON_MARK})"), (_SOURCE, rf"\*-({PERSON_MARK})")):
        if set(names) == {key}:
            found = [re.fullmatch(pattern, str(each)) for each in names[key]]
            return [each[1] for each in found if each] if all(found) else None
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _not_understood() -> AwsRefused:
    return AwsRefused(
        "The policy that ends sessions could not be read, so it was left as it is. Contact your portal admins.",
        f"the policy {DENY_OLDER_SESSIONS} is no policy document",
        code="revocation.policy_not_understood",
    )
