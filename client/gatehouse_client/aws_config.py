"""AWS's config file: which profiles it has, where they point, and profiles written into it.

Only the lines that this command is about are changed: everything else in the file belongs to its owner.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gatehouse_client.errors import CommandFailed
from gatehouse_client.profiles import Profile

_HEADING = re.compile(r"\s*\[")
_PROFILE = re.compile(r"""\s*\[\s*profile\s+["']?([^\]"']+?)["']?\s*\]""")
_PROCESS = re.compile(
    r"""^credential_process\s*=\s*.*?gatehouse(?:\.exe)?["']?\s+credentials\s+--portal\s+(\S+)\s+(\S+)\s+(\S+)\s*$""",
    re.MULTILINE,
)


@dataclass
class _Section:
    """A section of the file with its heading; `name` is that of a profile, else empty."""

    name: str
    lines: list[str]

    @property
    def points_to(self) -> tuple[str, ...]:
        """Return portal, account id and role, if this command wrote it; else nothing."""
        found = _PROCESS.search("".join(self.lines))
        return found.groups() if found else ()


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


def missing(text: str, profiles: Sequence[Profile]) -> tuple[list[Profile], list[str]]:
    """Return the profiles whose names are not in the text yet, and warnings about those that point elsewhere."""
    sections = _sections(text)
    names = {section.name for section in sections}
    return [one for one in profiles if one.name not in names], _warnings(sections, profiles)


def write(profiles: Sequence[Profile]) -> tuple[int, list[str]]:
    """Write profiles into the file; return how many are in it now, and warnings about those that are not.

    A profile that this command wrote for the same role is brought up to date, and occurs once
    afterwards. One that points elsewhere stays as it is: programs may rely on it.

    Raises:
        CommandFailed: the file cannot be read or written.
    """
    file = path()
    try:
        text = file.read_bytes().decode() if file.exists() else ""
    except (OSError, ValueError):
        raise CommandFailed(f"{file} cannot be read.") from None
    sections = _sections(text)
    warnings = _warnings(sections, profiles)
    written = 0
    for profile in profiles:
        same = [section for section in sections if section.name == profile.name]
        if any(section.points_to != profile.points_to for section in same):
            continue
        written += 1
        if not same:
            _add(sections, profile)
            continue
        for other in same[1:]:
            _merge(same[0], other)
        _set_region(same[0], profile.region)
        sections = [one for one in sections if one is same[0] or one not in same]
    new = "".join(line for section in sections for line in section.lines)
    if new != text:
        _replace(file, new)
    return written, warnings


def _sections(text: str) -> list[_Section]:
    sections = [_Section("", [])]
    for line in text.splitlines(keepends=True):
        if _HEADING.match(line):
            profile = _PROFILE.match(line)
            sections.append(_Section(profile[1] if profile else "", []))
        sections[-1].lines.append(line)
    return sections


def _warnings(sections: Sequence[_Section], profiles: Sequence[Profile]) -> list[str]:
    wanted = {profile.name: profile for profile in profiles}
    warnings = {}
    for section in sections:
        profile = wanted.get(section.name)
        if profile and section.points_to != profile.points_to:
            portal, *role = section.points_to or ("", "something that this command did not write")
            now = " ".join(role) + (f" at {portal}" if portal else "")
            warnings[section.name] = (
                f"The profile {section.name} is there already and stays as it is. It is for {now}, and "
                f"would now be for {profile.account_id} {profile.role_name}. Rename or remove it, and "
                "run this again."
            )
    return [*warnings.values()]


def _add(sections: list[_Section], profile: Profile) -> None:
    last = sections[-1].lines
    if last and not last[-1].endswith("\n"):
        last[-1] += "\n"
    if last and last[-1].strip():
        last.append("\n")
    sections.append(_Section(profile.name, [f"{line}\n" for line in profile.text.splitlines()]))


def _merge(section: _Section, other: _Section) -> None:
    """Take over from a section of the same name what the first one does not have."""
    known = {_key(line) for line in section.lines}
    for line in other.lines[1:]:
        if line.strip() and _key(line) not in known:
            section.lines.insert(1, line if line.endswith("\n") else f"{line}\n")


def _key(line: str) -> str:
    return line.partition("=")[0].strip()


def _set_region(section: _Section, region: str) -> None:
    """Set the region; where the portal knows none, the file's own stays."""
    if not region:
        return
    line = f"region = {region}\n"
    for number, old in enumerate(section.lines):
        if re.match(r"region\s*=", old):
            section.lines[number] = line
            return
    if not section.lines[0].endswith("\n"):
        section.lines[0] += "\n"
    section.lines.insert(1, line)


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
