"""Make links to the console of an account, checked by the same rules as when somebody follows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from django.conf import settings

from accounts.aws import destinations
from accounts.aws.limits import ACCOUNT_ID
from accounts.errors import InvalidRequest
from accounts.messages import Message
from accounts.types import Entitlement, Kind, OfferedRole
from portal.pages.role_request import RoleRequest

_ID_IN_BRACKETS = re.compile(rf".*\(({ACCOUNT_ID})\)")
_PLAIN = re.compile(r"[^\w .:@+=,/-]")


@dataclass(frozen=True, slots=True)
class ConsoleAccount:
    """An account, and the roles of this person that open its console."""

    roles: tuple[OfferedRole, ...]

    @property
    def account_id(self) -> str:
        return self.roles[0].account_id

    @property
    def name(self) -> str:
        return self.roles[0].account_name

    @property
    def label(self) -> str:
        """The text that is suggested and typed: "payments-dev (123456789012)"."""
        return f"{self.name} ({self.account_id})"

    @property
    def role_names(self) -> str:
        """The names of the roles, separated by spaces; no role name contains one."""
        return " ".join(role.role_name for role in self.roles)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A link that can be followed by whoever has the role."""

    account: ConsoleAccount
    role_name: str
    destination: str

    @property
    def link(self) -> str:
        return f"{settings.BASE_URL}/console?{self._query}"

    @property
    def identity_center_link(self) -> str:
        """The link in the form of Identity Center's shortcuts, for tools that make or read those."""
        return f"{settings.BASE_URL}/start/#/console?{self._query}"

    @property
    def markdown(self) -> str:
        """The link as Markdown, with a text that says where it leads."""
        role = f" as {self.role_name}" if self.role_name else ""
        return f"[{_PLAIN.sub(' ', self.account.name)} console{role}]({self.link})"

    @property
    def _query(self) -> str:
        named = {
            "account_id": self.account.account_id,
            "role_name": self.role_name,
            "destination": self.destination,
        }
        # `quote` leaves round brackets, which would end a link in Markdown.
        query = urlencode({name: value for name, value in named.items() if value}, quote_via=quote)
        return query.replace("(", "%28").replace(")", "%29")


def console_accounts(entitlements: Sequence[Entitlement]) -> list[ConsoleAccount]:
    """Return the accounts whose console these entitlements open, by name."""
    roles: dict[str, list[OfferedRole]] = {}
    for entitlement in entitlements:
        if entitlement.allows(Kind.CONSOLE):
            roles.setdefault(entitlement.role.account_id, []).append(entitlement.role)
    accounts = [ConsoleAccount(tuple(own)) for own in roles.values()]
    return sorted(accounts, key=lambda account: (account.name.casefold(), account.account_id))


def build(mine: Sequence[ConsoleAccount], typed: str, wanted: RoleRequest) -> Shortcut:
    """Return the shortcut that the form asks for.

    Raises:
        InvalidRequest: the account, role, region or destination is wrong; the code says which.
    """
    account = _account(mine, typed)
    named = [role for role in account.roles if role.role_name == wanted.role_name]
    if wanted.role_name and not named:
        raise InvalidRequest(
            Message(
                "You do not have this role in %(name)s, or it does not open the console. Your "
                "roles there: %(roles)s.",
                name=account.name,
                roles=", ".join(role.role_name for role in account.roles),
            ),
            code="shortcut.role",
        )
    # Without a role in the link, others may follow it with another role, which has its own destination.
    role = named[0] if named else replace(account.roles[0], destination="")
    destination = ""
    if wanted.destination or wanted.region:
        destination = destinations.landing(
            role=role, destination=wanted.destination, region=wanted.region
        )
    return Shortcut(account, wanted.role_name, destination)


def _account(mine: Sequence[ConsoleAccount], typed: str) -> ConsoleAccount:
    """Return the account with this id, name, or part of a name."""
    in_brackets = _ID_IN_BRACKETS.fullmatch(typed)
    account_id = in_brackets[1] if in_brackets else typed.replace("-", "").replace(" ", "")
    words = typed.casefold().split()
    found = (
        [account for account in mine if account.account_id == account_id]
        or [account for account in mine if account.name.casefold() == typed.casefold()]
        or [account for account in mine if all(word in account.label.casefold() for word in words)]
    )
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(account.label for account in found[:5])
        raise InvalidRequest(
            Message(
                "Several accounts match: %(some)s and %(more)s more. Enter the account id.",
                some=some,
                more=len(found) - 5,
            )
            if len(found) > 5
            else Message("Several accounts match: %(some)s. Enter the account id.", some=some),
            code="shortcut.account",
        )
    raise InvalidRequest(
        Message(
            "This account is unknown, or you have no role in it that opens the console. Choose one "
            "from the list."
        ),
        code="shortcut.account",
    )
