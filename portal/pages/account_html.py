"""The accounts and roles of the start page as HTML. Not a template, because there can be thousands of them.

A role's row says nothing of its account, so that it is the same text in most accounts and compresses well.
The account's id stands once, in a form around its roles, and the buttons lead to pages that ask.
static/portal/account-list.js makes them act at once and gives them full names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from portal.pages.account_list import AccountRow, RoleRow
from portal.pages.search import Words, fold, marked
from portal.templatetags.shown import moment

# The first accounts are elements at once. The others are text in <noscript>, so that a browser with
# scripts does not parse them before the page is up; account-list.js adds them piece by piece.
AT_ONCE, IN_A_PIECE = 40, 40
_ONLY_SWITCHES = "<span>No keys: you switch role at AWS</span>"
_PRIVILEGED = ' <span class="warn">privileged</span>'


def sections(
    accounts: Iterable[AccountRow],
    *,
    grouped: bool,
    words: Words = (),
    after: str | None = None,
) -> str:
    """Return accounts, if `grouped` under the names of their units; `after` is the unit just before them."""
    if not grouped:
        return _section("", [*accounts], words)
    return "".join(
        _section("" if unit == after else _heading(unit, words), [*members], words)
        for unit, members in groupby(accounts, key=lambda account: account.unit)
    )


def at_once_and_later(accounts: Sequence[AccountRow], *, grouped: bool) -> str:
    """Return the first accounts, and the rest in <noscript> pieces."""
    first = sections(accounts[:AT_ONCE], grouped=grouped)
    later = (
        sections(
            accounts[start : start + IN_A_PIECE], grouped=grouped, after=accounts[start - 1].unit
        )
        for start in range(AT_ONCE, len(accounts), IN_A_PIECE)
    )
    return first + "".join(f"<noscript>{piece}</noscript>" for piece in later)


def tile(account: AccountRow, *, starred: bool, words: Words = ()) -> str:
    """Return the first role of an account as a tile; its buttons belong to the forms `go` and `favourite`."""
    role = account.roles[0]
    value = escape(f"{account.account_id}/{role.name}")
    role_name, account_name = escape(role.name), escape(account.name)
    buttons = ""
    if role.console:
        buttons += (
            f'<button class="button" form="go" name="role" value="{value}" '
            f'aria-label="Console of {account_name} as {role_name}">Console</button>'
        )
    if role.keys:
        query = escape(urlencode({"account_id": account.account_id, "role_name": role.name}))
        buttons += (
            f'<a class="button" href="/keys?{query}" '
            f'aria-label="Keys for {role_name} in {account_name}">Keys</a>'
        )
    return (
        f'<li class="tile{" privileged" if role.privileged else ""}" '
        f'data-find="{_hidden_lines(account)}" data-role="{value}">'
        f'<span class="role-name">{marked(role.name, words)}{_marks(role)}</span>'
        f'<button class="star" form="favourite" name="{"unstar" if starred else "star"}" '
        f'value="{value}" aria-pressed="{"true" if starred else "false"}" '
        f'aria-label="Favourite: {role_name} in {account_name}"></button>'
        f'<span class="name">{marked(account.name, words)}</span>'
        f'<span class="where">{_where(account, words)}</span><span class="acts">{buttons}</span></li>'
    )


def _heading(unit: str, words: Words) -> str:
    return f"<h2>{marked(unit, words) or 'Other accounts'}</h2>"


def _section(heading: str, accounts: Sequence[AccountRow], words: Words) -> str:
    rows = "".join(_account(account, words) for account in accounts)
    return f'<section>{heading}<ul class="accounts">{rows}</ul></section>' if rows else ""


def _account(account: AccountRow, words: Words) -> str:
    roles = "".join(_role(role, words) for role in account.roles)
    return (
        f'<li class="account" data-find="{_hidden_lines(account)}"><form action="/console">'
        f'<input type="hidden" name="account_id" value="{account.account_id}">'
        f'<div><h3 class="name">{marked(account.name, words)}</h3>'
        f'<p class="where">{_where(account, words)}</p></div>'
        f'<ul class="roles">{roles}</ul></form></li>'
    )


def _role(role: RoleRow, words: Words) -> str:
    if not words:
        return _plain_role(role)
    before = '<span class="role-name">'
    return _plain_role(role).replace(
        before + escape(role.name), before + marked(role.name, words), 1
    )


@lru_cache(maxsize=4096)
def _plain_role(role: RoleRow) -> str:
    name = escape(role.name)
    button = f'<button class="button" name="role_name" value="{name}"'
    console = f'{button} aria-label="Console as {name}">Console</button>' if role.console else ""
    keys = (
        f'{button} formaction="/keys" aria-label="Keys for {name}">Keys</button>'
        if role.keys
        else ""
    )
    return (
        f'<li class="role{" privileged" if role.privileged else ""}">'
        f'<button class="star" name="role_name" value="{name}" formaction="/favourites" '
        f'aria-label="Favourite: {name}"></button>'
        f'<span class="role-name">{name}{_marks(role)}</span>'
        f"{console}{keys}</li>"
    )


def _marks(role: RoleRow) -> str:
    """Return what stands beside the name: that the role is privileged, and that its last test failed."""
    privileged = _PRIVILEGED if role.privileged else ""
    if role.failed_test_at is None:
        return privileged
    return (
        f'{privileged} <span class="warn failed-test">failed its last test on '
        f"{moment(role.failed_test_at)}</span>"
    )


def _where(account: AccountRow, words: Words) -> str:
    """Return the environment, the id, and hidden text in which a word was found."""
    environment = account.environment
    label = (
        f'<span class="env" data-colour="{escape(environment.colour)}">'
        f"{marked(environment.label, words)}</span>"
        if environment
        else ""
    )
    tags = "".join(
        f'<span class="tag">{marked(line, words)}</span>'
        for line in account.hidden_text
        if words and any(word in fold(line) for word in words)
    )
    why = _ONLY_SWITCHES if account.only_switches else ""
    return f'{label}<span class="mono">{marked(account.account_id, words)}</span>{tags}{why}'


def _hidden_lines(account: AccountRow) -> str:
    return escape("\n".join((account.unit, *account.hidden_text)))
