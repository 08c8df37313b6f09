"""AWS's config file: which profiles it has, where they point, and profiles written into it.

Only the lines that this command is about are changed: everything else in the file belongs to its owner.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TextIO

from gatehouse_client.errors import CommandFailed
from gatehouse_client.profiles import Profile, SsoSettings
from gatehouse_client.sections import Section, append, find, parse

# What may be in a profile that is removed: everything else is its owner's.
_OWN_KEYS = frozenset(
    {"credential_process", "sso_session", "sso_account_id", "sso_role_name", "services", "region"}
)


def path() -> Path:
    """Return the path of AWS's config file; a link is followed, so that it stays one."""
    named = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    try:
        return named.expanduser().resolve()
    except (OSError, RuntimeError):
        raise CommandFailed(f"{named} cannot be found.") from None


def existing_text(file: TextIO) -> str | None:
    """Return the text of AWS's config file if `file` appends to it, else None.

    Its profiles must not be added again: AWS's tools refuse a config file with a profile that occurs twice.
    """
    with contextlib.suppress(OSError, ValueError, CommandFailed):
        if os.path.samestat(path().stat(), os.fstat(file.fileno())):
            return path().read_text(encoding="utf-8")
    return None


def missing(
    text: str, profiles: Sequence[Profile], sso: SsoSettings | None = None, *, default: bool = False
) -> tuple[list[str], int, list[str]]:
    """Return the sections that are not in the text yet, of how many profiles, and warnings about those that point elsewhere."""
    found = parse(text)
    shared = sso.sections(default=default) if sso else {}
    texts = [
        _text(kind, name, values)
        for (kind, name), values in shared.items()
        if not find(found, kind, name)
    ]
    absent = [one.text for one in profiles if not find(found, "profile", one.name)]
    return texts + absent, len(absent), _warnings(found, profiles)


def write(
    profiles: Sequence[Profile],
    sso: SsoSettings | None = None,
    *,
    owned: Collection[tuple[str, str]] | None = None,
    default: bool = False,
) -> tuple[int, list[str]]:
    """Write profiles into the file; return how many are in it now, and warnings about those that are not.

    A profile of the same name and role is brought up to date, and occurs once afterwards. One that this
    command wrote for the same role under another name is renamed; one for a role that is not `owned` any
    more (account id, name; None keeps all) is removed. A profile that points elsewhere stays as it is:
    programs may rely on it. With `sso` the sections for `aws sso login` are written too.

    Raises:
        CommandFailed: the file cannot be read or written.
    """
    file = path()
    try:
        text = file.read_bytes().decode() if file.exists() else ""
    except (OSError, ValueError):
        raise CommandFailed(f"{file} cannot be read.") from None
    sections = parse(text)
    warnings = _warnings(sections, profiles)
    if sso:
        for (kind, name), values in sso.sections(default=default).items():
            warnings += _share(sections, kind, name, values)
    sections, told = _forget(sections, profiles, owned)
    warnings += told
    written = 0
    for profile in profiles:
        same = find(sections, "profile", profile.name)
        if any(section.points_to not in profile.points_to for section in same):
            continue
        written += 1
        if not same:
            append(sections, "profile", profile.name, profile.text)
            continue
        for other in same[1:]:
            same[0].take_over(other)
        _update(same[0], profile)
        sections = [one for one in sections if one is same[0] or one not in same]
    new = "".join(line for section in sections for line in section.lines)
    if new != text:
        _replace(file, new)
    return written, warnings


def _warnings(sections: Sequence[Section], profiles: Sequence[Profile]) -> list[str]:
    wanted = {profile.name: profile for profile in profiles}
    warnings = {}
    for section in sections:
        profile = wanted.get(section.name) if section.kind == "profile" else None
        if profile and section.points_to not in profile.points_to:
            portal, *role = section.points_to or ("", "something that this command did not write")
            now = " ".join(role) + (f" at {portal}" if portal else "")
            warnings[section.name] = (
                f"The profile {section.name} is there already and stays as it is. It is for {now}, and "
                f"would now be for {profile.account_id} {profile.role_name}. Rename or remove it, and "
                "run this again."
            )
    return [*warnings.values()]


def _share(sections: list[Section], kind: str, name: str, values: dict[str, str]) -> list[str]:
    """Write a section that profiles share; other settings in it stay."""
    found = find(sections, kind, name)
    if not found:
        append(sections, kind, name, _text(kind, name, values))
        return []
    for other in found[1:]:
        found[0].take_over(other)
        sections[:] = [one for one in sections if one is not other]
    if kind == "default":
        now, wanted = found[0].value("services"), values["services"].partition("= ")[2]
        if now and now != wanted:
            return [f"[default] names the services {now} already and stays as it is."]
    for key, lines in values.items():
        found[0].set(key, lines)
    return []


def _forget(
    sections: list[Section], profiles: Sequence[Profile], owned: Collection[tuple[str, str]] | None
) -> tuple[list[Section], list[str]]:
    """Rename or remove what this command wrote earlier and is of no use any more.

    A name that is now another role's is not made free here: a program that relies on it would get that
    role's keys without a word.
    """
    names = {profile.name for profile in profiles}
    by_target = {target: profile for profile in profiles for target in profile.points_to}
    portals = {target[0] for target in by_target}
    kept, warnings = [], []
    for section in sections:
        target = section.points_to
        wanted = by_target.get(target)
        is_ours = section.is_kept and target and target[0] in portals and section.name not in names
        if is_ours and wanted and not find(sections, "profile", wanted.name):
            section.rename(wanted.name)
        elif is_ours and (wanted or (owned is not None and target[1:] not in owned)):
            if set(section.keys) <= _OWN_KEYS:
                continue
            warnings.append(
                f"The profile {section.name} is of no use any more, but has settings of your own: remove it."
            )
        kept.append(section)
    return kept, warnings


def _update(section: Section, profile: Profile) -> None:
    """Bring a profile up to date; its owner's settings stay, also the path of `gatehouse` in its line."""
    for key in _OWN_KEYS - profile.settings.keys() - {"region"}:
        if key != "services" or section.value(key) == profile.section:
            section.remove(key)
    for key, line in profile.settings.items():
        if key != "credential_process" or not section.value(key):
            section.set(key, line)


def _text(kind: str, name: str, values: dict[str, str]) -> str:
    return "\n".join((f"[{kind} {name}]" if name else f"[{kind}]", *values.values()))


def _replace(file: Path, text: str) -> None:
    """Replace the file at once, so that no program reads half of it; its permissions stay."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".new", dir=file.parent)
        try:
            with open(descriptor, "w", encoding="utf-8", newline="") as new:
                new.write(text)
            if file.exists():
                shutil.copymode(file, temporary)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from None
