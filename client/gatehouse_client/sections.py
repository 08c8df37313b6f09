"""The sections of AWS's config file, changed line by line: what is not touched stays as its owner wrote it.

https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatehouse_client.profiles import MARK, SESSION

_ANY_HEADING = re.compile(r"\s*\[")
_HEADING = re.compile(
    r"""\s*\[\s*(?:(default)|(profile|sso-session|services)\s+["']?([^\]"']+?)["']?)\s*\]"""
)
_PROCESS = re.compile(
    r"""^credential_process\s*=\s*.*?gatehouse(?:\.exe)?["']?\s+credentials\s+--portal\s+(\S+)\s+(\S+)\s+(\S+)\s*$""",
    re.MULTILINE,
)


@dataclass
class Section:
    """A section with its heading; of what has another heading, `kind` is empty."""

    kind: str
    name: str
    lines: list[str]

    @property
    def points_to(self) -> tuple[str, ...]:
        """Return where this profile gets keys (portal or sso-session), account id and role, if it is one of a portal."""
        if found := _PROCESS.search("".join(self.lines)):
            return found.groups()
        if session := self.value("sso_session"):
            return SESSION + session, self.value("sso_account_id"), self.value("sso_role_name")
        return ()

    @property
    def is_kept(self) -> bool:
        """Whether `gatehouse config` wrote this profile, and may rename or remove it."""
        return any(line.strip() == MARK for line in self.lines)

    @property
    def keys(self) -> list[str]:
        """The names of the settings, not of those nested in one."""
        lines = [line for line in self.lines[1:] if line.strip() and line[0] not in "#; \t"]
        return [key_of(line) for line in lines]

    def value(self, key: str) -> str:
        """Return the value of a setting, "" if there is none."""
        for line in self.lines[1:]:
            if key_of(line) == key and not line[0].isspace():
                return line.partition("=")[2].strip()
        return ""

    def rename(self, name: str) -> None:
        """Give a profile another name."""
        self.name = name
        self.lines[0] = f"[profile {name}]\n"

    def set(self, key: str, text: str) -> None:
        """Have a setting say `text`, which is its line, or lines if something is nested in it."""
        new = [f"{line}\n" for line in text.splitlines()]
        for number, line in enumerate(self.lines):
            if number and key_of(line) == key and not line[0].isspace():
                end = number + 1
                while (
                    end < len(self.lines)
                    and self.lines[end][:1] in " \t"
                    and self.lines[end].strip()
                ):
                    end += 1
                self.lines[number:end] = new
                return
        self._end_heading()
        after = 1
        while after < len(self.lines) and self.lines[after].strip():
            after += 1
        if not self.lines[after - 1].endswith("\n"):
            self.lines[after - 1] += "\n"
        self.lines[after:after] = new

    def remove(self, key: str) -> None:
        """Remove a setting."""
        self.lines = [
            line
            for number, line in enumerate(self.lines)
            if not number or key_of(line) != key or line[0].isspace()
        ]

    def take_over(self, other: Section) -> None:
        """Take over from a section of the same name what this one does not have."""
        known = {key_of(line) for line in self.lines}
        self._end_heading()
        for line in other.lines[1:]:
            if line.strip() and key_of(line) not in known:
                self.lines.insert(1, line if line.endswith("\n") else f"{line}\n")

    def _end_heading(self) -> None:
        if not self.lines[0].endswith("\n"):
            self.lines[0] += "\n"


def key_of(line: str) -> str:
    """Return the name of the setting in a line."""
    return line.partition("=")[0].strip()


def parse(text: str) -> list[Section]:
    """Return the sections of a file; the first holds what comes before any heading."""
    sections = [Section("", "", [])]
    for line in text.splitlines(keepends=True):
        if _ANY_HEADING.match(line):
            found = _HEADING.match(line)
            default, kind, name = found.groups() if found else ("", "", "")
            sections.append(Section(default or kind, name or "", []))
        sections[-1].lines.append(line)
    return sections


def find(sections: Sequence[Section], kind: str, name: str) -> list[Section]:
    """Return the sections of a kind and a name; a well-formed file has at most one."""
    return [one for one in sections if (one.kind, one.name) == (kind, name)]


def append(sections: list[Section], kind: str, name: str, text: str) -> None:
    """Add a section at the end of the file, after an empty line."""
    last = sections[-1].lines
    if last and not last[-1].endswith("\n"):
        last[-1] += "\n"
    if last and last[-1].strip():
        last.append("\n")
    sections.append(Section(kind, name, [f"{line}\n" for line in text.splitlines()]))
