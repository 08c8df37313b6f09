"""Read all accounts of an organization in steps; between two steps it can be interrupted and saved."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from accounts.aws.organization_accounts import ListedAccount
from accounts.errors import AwsUnavailable

_SEPARATOR = "/"


class Source(Protocol):
    """What `accounts.aws.organization_accounts` asks AWS."""

    def organization(self) -> str: ...
    def accounts(self, token: str = "") -> tuple[list[ListedAccount], str]: ...
    def roots(self) -> list[str]: ...
    def units(self, parent: str, token: str = "") -> tuple[list[tuple[str, str]], str]: ...
    def accounts_in(self, parent: str, token: str = "") -> tuple[list[str], str]: ...
    def tags(self, account_id: str) -> dict[str, str]: ...


@dataclass(slots=True)
class Reading:
    """How far a reading got. All of it is JSON.

    `accounts` has name, e-mail and state of each; `to_visit` has [unit, path, what, token] of each listing
    below a unit that is still to be read; `places` the path of each account, None where it cannot be
    written; `tags` those of each account that was asked for.
    """

    organization: str = ""
    accounts: dict[str, list[str]] = field(default_factory=dict)
    next_accounts: str | None = ""
    to_visit: list[list[Any]] | None = None
    visited: int = 0
    places: dict[str, str | None] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    with_tags: bool = True

    @property
    def finished(self) -> bool:
        return self.to_visit == [] and not self._untagged()

    @property
    def progress(self) -> tuple[str, int, int]:
        """What is read now, how many are read, and of how many; 0 where nobody knows yet."""
        if not self.organization or self.next_accounts is not None:
            return "accounts", len(self.accounts), 0
        if self.to_visit is None or self.to_visit:
            return "units", self.visited, self.visited + len(self.to_visit or [])
        return "tags", len(self.tags), len(self.accounts)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def step(self, source: Source) -> None:
        """Ask once, and keep the answer; nothing changes where asking fails.

        Raises:
            AwsRefused: AWS said no.
            AwsUnavailable: AWS did not answer, is throttling, or its two lists of accounts do not agree.
        """
        if not self.organization:
            self.organization = source.organization()
        elif self.next_accounts is not None:
            page, token = source.accounts(self.next_accounts)
            for account in page:
                self.accounts[account.account_id] = [account.name, account.email, account.state]
            self.next_accounts = token or None
        elif self.to_visit is None:
            self.to_visit = [[root, "", what, ""] for root in source.roots() for what in _WHATS]
        elif self.to_visit:
            self._visit(source, self.to_visit)
        elif untagged := self._untagged():
            self.tags[untagged] = source.tags(untagged)

    def _visit(self, source: Source, to_visit: list[list[Any]]) -> None:
        unit, path, what, token = to_visit[-1]
        found: list[list[Any]] = []
        if what == _UNITS:
            units, following = source.units(unit, token)
            for below, name in units:
                below_path = _below(path, name)
                found += [[below, below_path, each, ""] for each in _WHATS]
        else:
            accounts, following = source.accounts_in(unit, token)
            for account in accounts:
                self.places[account] = path
        to_visit.pop()
        if following:
            to_visit.append([unit, path, what, following])
        else:
            self.visited += 1
        to_visit += found
        if not to_visit:
            self._compare()

    def _compare(self) -> None:
        """Refuse two lists that do not agree: one of them is not whole."""
        missing = self.accounts.keys() ^ self.places.keys()
        if missing or not self.accounts:
            example = f", such as {min(missing)}" if missing else ""
            # Accounts may have come while it was read: both lists are read again.
            self.accounts, self.places = {}, {}
            self.next_accounts, self.to_visit, self.visited = "", None, 0
            raise AwsUnavailable(
                "AWS's lists of accounts are not whole. Nothing was changed. Try again.",
                f"organizations:ListAccounts and the lists of the units differ in {len(missing)} accounts{example}, or "
                "are empty: at least one is not whole, or accounts came meanwhile",
                code="organization.partial",
            )

    def _untagged(self) -> str | None:
        if not self.with_tags or len(self.tags) >= len(self.accounts):
            return None
        return next((one for one in self.accounts if one not in self.tags), None)


def from_json(state: dict[str, Any]) -> Reading:
    """Return a reading that was kept."""
    return Reading(**state)


_UNITS, _ACCOUNTS = "units", "accounts"
_WHATS = (_UNITS, _ACCOUNTS)


def _below(path: str | None, name: str) -> str | None:
    # A slash in a name would make the path of another unit of it.
    if path is None or _SEPARATOR in name:
        return None
    return f"{path}{_SEPARATOR}{name}" if path else name
