"""The accounts and roles of the start page as HTML. Not a template, because there can be thousands of them.

A few accounts show each role in a row. Of many accounts each is one line: its roles are chips to choose from, and the
buttons at its end are for the chosen one. What is said of a role names no account, so that it is the same text in most
accounts and compresses well: the account's id stands once, in a form around its roles. The buttons lead to
pages that ask; static/portal/account-list.js makes them act at once and gives them full names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from django.utils.translation import get_language, gettext

from portal.pages.account_list import AccountRow, RoleRow
from portal.pages.search import Words, fold, marked
from portal.templatetags.shown import moment

# The first accounts are elements at once. The others are text in <noscript>, so that a browser with
# scripts does not parse them before the page is up; account-list.js adds them piece by piece.
AT_ONCE, IN_A_PIECE = 40, 40
# Of more accounts than this each is one line.
MOST_UNFOLDED = 30

Units = Mapping[str, int]
"""The number of each unit's heading, by the unit's name; empty where there are no headings."""


def sections(
    accounts: Iterable[AccountRow],
    *,
    units: Units,
    folded: bool,
    words: Words = (),
    after: str | None = None,
) -> str:
    """Return accounts below the names of their units, if there are any; `after` is the unit just before them."""
    account_html = _line if folded else _account
    if not units:
        rows = "".join(account_html(account, words) for account in accounts)
        return _section("", "", rows, folded=folded) if rows else ""
    return "".join(
        _section(
            "" if unit == after else f' id="unit-{units[unit]}"',
            "" if unit == after else _heading(unit, words),
            "".join(account_html(account, words) for account in members),
            folded=folded,
        )
        for unit, members in groupby(accounts, key=lambda account: account.unit)
    )


def at_once_and_later(accounts: Sequence[AccountRow], *, units: Units, folded: bool) -> str:
    """Return the first accounts, and the rest in <noscript> pieces."""
    first = sections(accounts[:AT_ONCE], units=units, folded=folded)
    later = (
        sections(
            accounts[start : start + IN_A_PIECE],
            units=units,
            folded=folded,
            after=accounts[start - 1].unit,
        )
        for start in range(AT_ONCE, len(accounts), IN_A_PIECE)
    )
    return first + "".join(f"<noscript>{piece}</noscript>" for piece in later)


def tile(account: AccountRow, *, starred: bool, words: Words = ()) -> str:
    """Return the first role of an account as a tile; its buttons belong to the forms `go` and `favourite`."""
    role = account.roles[0]
    value = escape(f"{account.account_id}/{role.name}")
    names = {"role": role.name, "account": account.name}
    buttons = ""
    if role.console:
        label = escape(gettext("Console of %(account)s as %(role)s") % names)
        buttons += (
            f'<button class="button" form="go" name="role" value="{value}" '
            f'aria-label="{label}">{escape(gettext("Console"))}</button>'
        )
    if role.keys:
        query = escape(urlencode({"account_id": account.account_id, "role_name": role.name}))
        label = escape(gettext("Keys for %(role)s in %(account)s") % names)
        buttons += (
            f'<a class="button" href="/keys?{query}" '
            f'aria-label="{label}">{escape(gettext("Keys"))}</a>'
        )
    label = escape(gettext("Favourite: %(role)s in %(account)s") % names)
    return (
        f'<li class="tile{" privileged" if role.privileged else ""}" '
        f'data-find="{_hidden_lines(account)}" data-role="{value}">'
        f'<span class="name">{marked(account.name, words)}</span>'
        f'<button class="star" form="favourite" name="{"unstar" if starred else "star"}" '
        f'value="{value}" aria-pressed="{"true" if starred else "false"}" '
        f'aria-label="{label}"></button>'
        f'<span class="role-name">{marked(role.name, words)}{_privileged(role)}{_failed(role)}</span>'
        f'<span class="where">{_where(account, words)}</span><span class="acts">{buttons}</span></li>'
    )


def _heading(unit: str, words: Words) -> str:
    return f"<h2>{marked(unit, words) or escape(gettext('Other accounts'))}</h2>"


def _section(identifier: str, heading: str, rows: str, *, folded: bool) -> str:
    lines = " lines" if folded else ""
    return f'<section{identifier}>{heading}<ul class="accounts{lines}">{rows}</ul></section>'


def _account(account: AccountRow, words: Words) -> str:
    """Return an account with a row for each role."""
    language = get_language()
    roles = "".join(_with_marks(_role(role, language), role.name, words) for role in account.roles)
    return (
        f"{_open(account, '')}<div>{_name_and_where(account, words)}</div>"
        f'<ul class="roles">{roles}</ul></form></li>'
    )


def _line(account: AccountRow, words: Words) -> str:
    """Return an account as one line: its roles to choose from, then the buttons for the chosen one."""
    language, first = get_language(), account.roles[0]
    if len(account.roles) == 1:
        chips = _with_marks(_only_role(first), first.name, words)
    else:
        chips = "".join(
            _with_marks(_chip(role, number == 0), role.name, words)
            for number, role in enumerate(account.roles)
        )
        chips = f'<div class="chips" role="radiogroup" aria-label="{escape(gettext("Role"))}">{chips}</div>'
    failed = "".join(
        f'<p class="warn failed-test">{escape(role.name)}: {_failed_words(role)}</p>'
        for role in account.roles
        if role.failed_test_at
    )
    acts = _acts(
        console=any(role.console for role in account.roles),
        keys=any(role.keys for role in account.roles),
        language=language,
    )
    return f"{_open(account, ' line')}{_name_and_where(account, words)}{chips}{acts}{failed}</form></li>"


def _open(account: AccountRow, kind: str) -> str:
    return (
        f'<li class="account{kind}" data-find="{_hidden_lines(account)}"><form action="/console">'
        f'<input type="hidden" name="account_id" value="{account.account_id}">'
    )


def _name_and_where(account: AccountRow, words: Words) -> str:
    return (
        f'<h3 class="name">{marked(account.name, words)}</h3>'
        f'<p class="where">{_where(account, words)}</p>'
    )


def _with_marks(html: str, name: str, words: Words) -> str:
    """Return a role's HTML with the words of a search marked in its name."""
    if not words:
        return html
    before = '<span class="role-name">'
    return html.replace(before + escape(name), before + marked(name, words), 1)


@lru_cache(maxsize=4096)
def _role(role: RoleRow, language: str | None) -> str:
    del language  # The texts are in it: each language has its own entry.
    name, names = escape(role.name), {"role": role.name}
    button = f'<button class="button" name="role_name" value="{name}"'
    console = keys = ""
    if role.console:
        label = escape(gettext("Console as %(role)s") % names)
        console = f'{button} aria-label="{label}">{escape(gettext("Console"))}</button>'
    if role.keys:
        label = escape(gettext("Keys for %(role)s") % names)
        keys = (
            f'{button} formaction="/keys" aria-label="{label}">{escape(gettext("Keys"))}</button>'
        )
    label = escape(gettext("Favourite: %(role)s") % names)
    return (
        f'<li class="role{" privileged" if role.privileged else ""}">'
        f'<span class="role-name">{name}{_privileged(role)}{_failed(role)}</span>{console}{keys}'
        f'<button class="star" name="role_name" value="{name}" formaction="/favourites" '
        f'aria-label="{label}"></button></li>'
    )


def _chip(role: RoleRow, chosen: bool) -> str:
    """Return a role as a radio button; its class says which of the line's buttons it does without."""
    lacks = {(False, True): ' class="no-console"', (True, False): ' class="no-keys"'}
    name = escape(role.name)
    return (
        f'<label class="role{" privileged" if role.privileged else ""}"><input type="radio"'
        f'{lacks.get((role.console, role.keys), "")} name="role_name" value="{name}"'
        f'{" checked" if chosen else ""}><span class="role-name">{name}{_privileged(role)}</span></label>'
    )


def _only_role(role: RoleRow) -> str:
    name = escape(role.name)
    return (
        f'<div class="chips"><span class="role{" privileged" if role.privileged else ""}">'
        f'<input type="hidden" name="role_name" value="{name}">'
        f'<span class="role-name">{name}{_privileged(role)}</span></span></div>'
    )


@lru_cache(maxsize=64)
def _acts(*, console: bool, keys: bool, language: str | None) -> str:
    del language
    open_console = f'<button class="button to-console">{escape(gettext("Console"))}</button>'
    get_keys = (
        f'<button class="button to-keys" formaction="/keys">{escape(gettext("Keys"))}</button>'
    )
    return (
        f'<span class="acts">{open_console if console else ""}{get_keys if keys else ""}'
        f'<button class="star" formaction="/favourites" aria-label="{escape(gettext("Favourite"))}">'
        f"</button></span>"
    )


def _privileged(role: RoleRow) -> str:
    if not role.privileged:
        return ""
    return f' <span class="warn">{escape(gettext("privileged"))}</span>'


def _failed(role: RoleRow) -> str:
    if role.failed_test_at is None:
        return ""
    return f' <span class="warn failed-test">{_failed_words(role)}</span>'


def _failed_words(role: RoleRow) -> str:
    text = escape(gettext("failed its last test on %(moment)s"))
    return text.replace("%(moment)s", str(moment(role.failed_test_at)))


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
    why = (
        f"<span>{escape(gettext('No keys: you switch role at AWS'))}</span>"
        if account.only_switches
        else ""
    )
    return f'{label}<span class="mono">{marked(account.account_id, words)}</span>{tags}{why}'


def _hidden_lines(account: AccountRow) -> str:
    return escape("\n".join((account.unit, *account.hidden_text)))
