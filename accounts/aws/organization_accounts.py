"""The accounts, units and tags of an organization, as AWS Organizations lists them, page by page.

https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from accounts.aws import clients, errors, failures
from accounts.aws.pacing import patiently


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account as AWS lists it; `state` is ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED or PENDING_ACTIVATION."""

    account_id: str
    name: str
    email: str
    state: str


class OrganizationAccounts:
    """Asks for one page at a time, and waits where AWS is throttling.

    `client` gives boto3's client of organizations, anew for each call, so that its keys can be renewed.
    Each method raises AwsRefused where AWS says no, and AwsUnavailable where it does not answer, or
    throttles for longer than `accounts.aws.pacing` waits.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def organization(self) -> str:
        """Return the organization's id: "o-exampleorgid"."""
        return str(self._ask("describe_organization")["Organization"]["Id"])

    def accounts(self, token: str = "") -> tuple[list[ListedAccount], str]:
        """Return a page of all accounts, and the token of the next page, "" after the last."""
        page = self._ask("list_accounts", MaxResults=20, **_from(token))
        return [_listed(account) for account in page["Accounts"]], page.get("NextToken") or ""

    def roots(self) -> list[str]:
        """Return the ids of the roots; an organization has one."""
        return [str(root["Id"]) for root in self._ask("list_roots")["Roots"]]

    def units(self, parent: str, token: str = "") -> tuple[list[tuple[str, str]], str]:
        """Return a page of (id, name) of the units directly below a root or unit, and the next token."""
        page = self._ask(
            "list_organizational_units_for_parent", ParentId=parent, MaxResults=20, **_from(token)
        )
        units = [(str(unit["Id"]), str(unit["Name"])) for unit in page["OrganizationalUnits"]]
        return units, page.get("NextToken") or ""

    def accounts_in(self, parent: str, token: str = "") -> tuple[list[str], str]:
        """Return a page of the ids of the accounts directly in a root or unit, and the next token."""
        page = self._ask("list_accounts_for_parent", ParentId=parent, MaxResults=20, **_from(token))
        return [str(account["Id"]) for account in page["Accounts"]], page.get("NextToken") or ""

    def tags(self, account_id: str) -> dict[str, str]:
        """Return the tags of an account."""
        return dict(self._tags(account_id))

    def _tags(self, account_id: str) -> Iterator[tuple[str, str]]:
        token = ""
        while True:
            page = self._ask("list_tags_for_resource", ResourceId=account_id, **_from(token))
            yield from ((str(tag["Key"]), str(tag["Value"])) for tag in page["Tags"])
            token = page.get("NextToken") or ""
            if not token:
                return

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return patiently(partial(self._once, operation, parameters))

    def _once(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        call = getattr(self._client(), operation)
        return clients.call(partial(_called, call, parameters))


def _called(call: Callable[..., dict[str, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    with failures.translated():
        return call(**parameters)


def _from(token: str) -> dict[str, str]:
    return {"NextToken": token} if token else {}


def _listed(account: dict[str, Any]) -> ListedAccount:
    # Status is the older name of State, and was to go in September 2026.
    state = account.get("State") or account.get("Status")
    if not state or not account.get("Id"):
        raise errors.BAD_REPLY.error("an account without an id or a state")
    return ListedAccount(
        str(account["Id"]), str(account.get("Name", "")), str(account.get("Email", "")), str(state)
    )
