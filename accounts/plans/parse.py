"""Read a file whole: text to values, with every complaint that needs no database."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.matching import Targets
from accounts.models import AccountRole, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.plans.check import by_the_model, entry_by_the_model
from accounts.plans.complaints import Complaint, Notes, Refused, guess
from accounts.plans.positions import Path, positions
from accounts.plans.reading import Table
from accounts.plans.tables import MATCH_KEYS
from accounts.plans.toml import quoted
from accounts.plans.values import (
    KINDS,
    AccountEntry,
    Entry,
    EnvironmentEntry,
    Identity,
    IssuerEntry,
    MappingEntry,
    PermissionSetEntry,
    identity_of,
)

_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
_BARE_ACCOUNT_ID = re.compile(r"\s*account_id\s*=\s*[0-9]")
_LONGEST_TITLE = 128
_MATCHES = {key: match for match, key in MATCH_KEYS.items()}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says, where it says it, and what is wrong with it so far."""

    directory: dict[Identity, Entry]
    places: dict[Identity, Path]
    notes: Notes


def parse(text: str) -> Parsed:
    """Read a file.

    Raises:
        Refused: it is not TOML at all. Everything else that is wrong is in the notes.
    """
    document = _document(text)
    notes = Notes(positions(text))
    parsed = Parsed({}, {}, notes)
    for name, found in document.items():
        if name not in _READ:
            known = ", ".join(f"[[{table}]]" for table in _READ)
            hint = guess(name, _READ) or f" A file has {known}."
            notes.complain((name,), f"Unknown table {quoted(name)}.{hint}")
        elif not _is_array_of_tables(found):
            notes.complain(
                (name,),
                f"Write [[{name}]] in double brackets, once for each: there can be many.",
            )
        else:
            for index, values in enumerate(found):
                _read(values, (name, index), parsed)
    return parsed


def _read(values: dict[str, Any], path: Path, parsed: Parsed) -> None:
    """Read one table and hold it to everything that can be told from it alone."""
    kind, notes = str(path[0]), parsed.notes
    notes.titles[path] = _title(kind, values)
    table = Table(values, path, notes, model=_MODELS[kind])
    entry = _READ[kind](table)
    table.nobody_reads()
    entry_by_the_model(entry, path, notes)
    identity = identity_of(entry)
    if (first := parsed.places.get(identity)) is not None:
        notes.complain(
            (*path, entry.identity),
            f"{quoted(identity[1])} is in the file already: "
            f"{notes.titles[first]} on line {notes.lines[first]}.",
        )
    elif identity[1]:
        parsed.directory[identity] = entry
        parsed.places[identity] = path


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Refused([Complaint(1, "", "Brackets are nested too deep.")]) from None
    except ValueError as error:
        place = _SYNTAX_PLACE.search(str(error))
        lines = text.split("\n")
        line = int(place[1]) if place and place[1] else len(lines)
        message = f"This is not TOML: {_SYNTAX_PLACE.sub('', str(error))}."
        if _BARE_ACCOUNT_ID.match(lines[line - 1]):
            message += ' An account id is text: account_id = "012345678901".'
        raise Refused([Complaint(line, "", message)]) from None


def _is_array_of_tables(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(item, dict) for item in found)


def _title(table: str, values: dict[str, Any]) -> str:
    for key in ("name", "account_id"):
        if isinstance(values.get(key), str) and values[key]:
            name = values[key]
            # Of a name that is too long, or of a file that is none of ours, enough to find it.
            return f"{table} {quoted(name if len(name) <= _LONGEST_TITLE else name[:_LONGEST_TITLE] + '…')}"
    return table


def _environment(table: Table) -> EnvironmentEntry:
    return EnvironmentEntry(
        name=table.text("name"), label=table.text("label"), colour=table.text("colour")
    )


def _account(table: Table) -> AccountEntry:
    return AccountEntry(
        account_id=table.text("account_id"),
        name=table.text("name"),
        partition=table.text("partition"),
        environment=table.reference("environment", table="environment"),
        organizational_unit=table.text("organizational_unit"),
        region=table.text("region"),
        tags={key: table.as_text(value, path) for path, key, value in table.pairs("tags")},
        trust_method=table.text("trust_method"),
        external_id=table.text("external_id"),
        active=table.flag("active"),
        roles=_roles(table),
    )


def _roles(table: Table) -> dict[str, str]:
    roles: dict[str, str] = {}
    for path, value in table.elements("roles"):
        iam_role_name = ""
        if isinstance(value, dict):
            inner = Table(value, path, table.notes)
            name = inner.reference("permission_set", table="permission_set")
            iam_role_name = inner.text("iam_role_name")
            inner.nobody_reads()
            by_the_model(AccountRole(iam_role_name=iam_role_name), path, table.notes)
        else:
            name = table.as_text(value, path)
            table.notes.refer("permission_set", name, path)
        if not name and not table.notes.has((*path, "permission_set")):
            table.notes.complain(path, "This names no permission set.")
        elif name in roles:
            table.notes.complain(path, f"{quoted(name)} is here twice.")
        elif name:
            roles[name] = iam_role_name
    return roles


def _permission_set(table: Table) -> PermissionSetEntry:
    return PermissionSetEntry(
        name=table.text("name"),
        iam_path=table.text("iam_path"),
        description=table.text("description"),
        session_duration=table.duration("session_duration"),
        destination=table.text("destination"),
        privileged=table.flag("privileged"),
        console=table.flag("console"),
        keys=table.flag("keys"),
        session_tags=list(table.strings("session_tags")),
    )


def _issuer(table: Table) -> IssuerEntry:
    return IssuerEntry(
        name=table.text("name"),
        url=table.text("url"),
        audiences=list(table.strings("audiences")),
        algorithm=table.text("algorithm"),
        enabled=table.flag("enabled"),
    )


def _mapping(table: Table) -> MappingEntry:
    given = table.one_of(*_MATCHES)
    return MappingEntry(
        name=table.text("name"),
        issuer=table.reference("issuer", table="issuer"),
        claim=table.text("claim"),
        match=_MATCHES[given],
        value=table.text(given) if table.is_there(given) else "",
        permission_set=table.reference("permission_set", table="permission_set"),
        console=table.flag("console"),
        keys=table.flag("keys"),
        enabled=table.flag("enabled"),
        expires_at=table.moment("expires_at"),
        accounts=_targets(table),
    )


def _targets(table: Table) -> Targets:
    table.accept("accounts")
    found = table.values.get("accounts")
    if found == "all":
        return Targets(everything=True)
    if not isinstance(found, dict):
        table.notes.complain(
            (*table.path, "accounts"),
            'Say which: accounts = "all", or a table with ids, organizational_units, '
            "environments or tags.",
        )
        return Targets()
    inner = table.inner("accounts")
    units = inner.strings("organizational_units")
    for unit, place in units.items():
        target = MappingTarget(kind=TargetKind.UNIT, unit=unit)
        by_the_model(target, place, table.notes, is_value=True)
    targets = Targets(
        accounts=frozenset(inner.strings("ids", table="account")),
        organizational_units=frozenset(units),
        environments=frozenset(inner.strings("environments", table="environment")),
        tags=_tags(inner),
    )
    inner.nobody_reads()
    return targets


def _tags(table: Table) -> frozenset[tuple[str, str]]:
    found = set()
    for path, key, item in table.pairs("tags"):
        values = [(path, item)]
        if isinstance(item, list):
            values = [((*path, index), value) for index, value in enumerate(item)]
        for place, value in values:
            text = table.as_text(value, place)
            target = MappingTarget(kind=TargetKind.TAG, tag_key=key, tag_value=text)
            by_the_model(target, place, table.notes, is_value=True)
            found.add((key, text))
    return frozenset(found)


_MODELS = {kind.table: kind.model for kind in KINDS}
_READ: dict[str, Callable[[Table], Entry]] = {
    "environment": _environment,
    "account": _account,
    "permission_set": _permission_set,
    "issuer": _issuer,
    "mapping": _mapping,
}
