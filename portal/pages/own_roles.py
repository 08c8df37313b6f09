"""What the person who is signed in may use, arranged for pages. What is issued is decided elsewhere, each time anew.

Deciding takes some 50 ms for 1,200 roles, so this process remembers the result and the HTML of its list, with these rules:

- Only the roles and what is made of them alone are remembered. Everything else on a page is read and rendered for each request.
- The key holds the person's issuer, `sub` and claims in full: nobody is shown what somebody else has.
- The key holds the directory's revision. Triggers in the database renew it with every change (`accounts.revisions`), so the
  page after a change shows the change.
- A mapping that expires changes nothing in the database, so the entry says how long it is valid.
- The least recently used go, and all of older revisions with them, when there are more than MOST_ROLES roles.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Lock

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from accounts import revisions
from accounts.claims import ClaimProblem
from accounts.entitlements import resolve
from accounts.signins import subject_of
from accounts.types import Entitlement, Environment, RoleRef, Subject
from portal.context import sign_in_of
from portal.pages import account_html, account_list
from portal.pages.summary import Summary, summary

# About 2 KB each. Somebody with more than this is decided for at each request.
MOST_ROLES = 20_000

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class OwnRoles:
    """The roles of one person, by name and arranged by account; `until` they may change by time alone."""

    by_name: dict[RoleRef, Entitlement]
    problems: tuple[ClaimProblem, ...]
    accounts: tuple[account_list.AccountRow, ...]
    summary: Summary
    until: datetime | None

    @cached_property
    def units(self) -> account_html.Units:
        """The headings of the list: the organizational units in their order, where any account is in one."""
        if len(self.accounts) < 2 or not self.accounts[0].unit:
            return {}
        names = dict.fromkeys(account.unit for account in self.accounts)
        return {name: number for number, name in enumerate(names)}

    @property
    def folded(self) -> bool:
        """Whether each account is one line."""
        return len(self.accounts) > account_html.MOST_UNFOLDED

    @cached_property
    def environments(self) -> tuple[Environment, ...]:
        """The environments of the accounts, by label."""
        known = {
            each.environment.name: each.environment for each in self.accounts if each.environment
        }
        return tuple(sorted(known.values(), key=lambda each: (each.label.casefold(), each.name)))

    @cached_property
    def some_are_privileged(self) -> bool:
        """Whether there are both privileged roles and others."""
        return len({role.privileged for each in self.accounts for role in each.roles}) > 1

    def list_html(self) -> str:
        """All accounts as the start page lists them, in the language of the request."""
        language = get_language() or ""
        if language not in self._lists:
            self._lists[language] = account_html.at_once_and_later(
                self.accounts, units=self.units, folded=self.folded
            )
        return self._lists[language]

    @cached_property
    def _lists(self) -> dict[str, str]:
        return {}


_remembered: OrderedDict[Key, OwnRoles] = OrderedDict()
_lock = Lock()


def own_roles(request: HttpRequest) -> OwnRoles:
    """Return what the person who is signed in may use now; raises SignInAgain if nobody is."""
    subject, now = subject_of(sign_in_of(request)), timezone.now()
    # Read before the decision: if the directory changes in between, the result is merely decided again.
    revision = revisions.current()
    if revision is None:
        return _decide(subject, now)
    key = (revision, subject.issuer, subject.sub, json.dumps(subject.claims))
    with _lock:
        known = _remembered.get(key)
        if known is not None and (known.until is None or now < known.until):
            _remembered.move_to_end(key)
            return known
    decided = _decide(subject, now)
    with _lock:
        _remembered[key] = decided
        _remembered.move_to_end(key)
        _forget_surplus(revision)
    return decided


def forget_all() -> None:
    """Forget everything, so that the next request decides."""
    with _lock:
        _remembered.clear()


def _forget_surplus(revision: str) -> None:
    size = sum(len(each.by_name) for each in _remembered.values())
    while _remembered and (size > MOST_ROLES or next(iter(_remembered))[0] != revision):
        size -= len(_remembered.popitem(last=False)[1].by_name)


def _decide(subject: Subject, now: datetime) -> OwnRoles:
    until = revisions.next_by_time(now=now)
    decided = resolve(subject=subject, now=now)
    return OwnRoles(
        by_name={
            RoleRef(granted.role.account_id, granted.role.role_name): granted
            for granted in decided.granted
        },
        problems=decided.problems,
        accounts=account_list.arranged(decided.granted),
        summary=summary(decided.granted),
        until=until,
    )
