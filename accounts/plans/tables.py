"""Put entries into the file's words: the tables that are exported, compared, shown and recorded."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db.models import Field

from accounts.matching import Targets
from accounts.models.mappings import Match
from accounts.plans.values import Entry, MappingEntry, PermissionSetEntry

# Written even where they are as the model has them by default: a reader asks for them.
_ALWAYS = {"label", "colour", "claim", "session_duration", "accounts"}
# What a file calls the value, by how it is matched.
MATCH_KEYS = {
    Match.EXACT: "value",
    Match.WILDCARD: "wildcard",
    Match.TEMPLATE: "template",
}
# The order in which a reader wants to know, where it is not that of the values.
_FIRST = (
    "account_id",
    "name",
    "label",
    "environment",
    "url",
    "issuer",
    "claim",
    "value",
    "wildcard",
    "template",
    "permission_set",
)
_LAST = ("roles", "accounts")


def table_of(entry: Entry, *, whole: bool = False) -> dict[str, Any]:
    """Return what a file says of this entry, in the order of an exported file.

    What is as the model has it by default is left out, unless the `whole` is wanted.
    """
    table = {}
    for column in fields(entry):
        name, value = column.name, getattr(entry, column.name)
        if whole or name in _ALWAYS or not _is_default(entry, name, value):
            table[name] = value
    match entry:
        case MappingEntry():
            for key in ("match", "value"):
                table.pop(key, None)
            table[MATCH_KEYS[Match(entry.match)]] = entry.value
            table["accounts"] = _targets(entry.accounts)
        case PermissionSetEntry():
            table["session_duration"] = _duration(entry.session_duration)
    if "tags" in table:
        table["tags"] = dict(sorted(table["tags"].items()))
    if "roles" in table:
        table["roles"] = [
            {"permission_set": name, "iam_role_name": iam_role_name} if iam_role_name else name
            for name, iam_role_name in sorted(table["roles"].items())
        ]
    middle = [key for key in table if key not in _FIRST and key not in _LAST]
    return {key: table[key] for key in (*_FIRST, *middle, *_LAST) if key in table}


def _is_default(entry: Entry, name: str, value: Any) -> bool:
    if name in entry.relations:
        return not value
    column = entry.model._meta.get_field(name)
    return isinstance(column, Field) and value == column.get_default()


def _duration(seconds: int) -> str:
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _targets(targets: Targets) -> str | dict[str, Any]:
    if targets.everything:
        return "all"
    values: dict[str, list[str]] = {}
    for key, value in sorted(targets.tags):
        values.setdefault(key, []).append(value)
    parts = {
        "ids": sorted(targets.accounts),
        "organizational_units": sorted(targets.organizational_units),
        "environments": sorted(targets.environments),
        "tags": {key: found[0] if len(found) == 1 else found for key, found in values.items()},
    }
    return {key: part for key, part in parts.items() if part}
