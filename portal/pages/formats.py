"""Write keys in the formats that people paste and tools parse.

Byte for byte as the access portal of IAM Identity Center shows them: programs read exactly these shapes
(https://docs.aws.amazon.com/singlesignon/latest/userguide/howtogetcredentials.html).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.types import Credentials, IssuedKeys


@dataclass(frozen=True, slots=True)
class Part:
    """A value with what stands around it on its line. A secret one is shown only when asked for."""

    before: str
    value: str = field(repr=False)
    after: str = ""
    secret: bool = True

    def __str__(self) -> str:
        """The line, in full."""
        return f"{self.before}{self.value}{self.after}"

    @property
    def markup(self) -> SafeString:
        """The line for a page: `textContent` is the line in full, whether or not it is shown."""
        value = (
            format_html('<span class="secret"><span>{}</span></span>', self.value)
            if self.secret
            else self.value
        )
        return format_html("{}{}{}", self.before, value, self.after)


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """Lines that are copied together."""

    label: str
    lines: tuple[Part, ...]

    @property
    def text(self) -> str:
        """What is copied: no newline at the end, as in the access portal."""
        return "\n".join(map(str, self.lines))

    @property
    def markup(self) -> SafeString:
        """The same for a page."""
        return format_html_join("\n", "{}", ((line.markup,) for line in self.lines))


@dataclass(frozen=True, slots=True, repr=False)
class Format:
    """One way to write keys: how it is called, what to do with it, and its blocks."""

    slug: str
    label: str
    hint: str
    blocks: tuple[Block, ...]


def formats(keys: IssuedKeys) -> tuple[Format, ...]:
    """Return every format of these keys, the most used first."""
    credentials, role = keys.credentials, keys.entitlement.role
    profile = Part(f"[{role.account_id}_{role.role_name}]", "", secret=False)
    return (
        Format(
            "posix",
            "macOS and Linux",
            "Paste into a terminal: bash, zsh and other POSIX shells.",
            (Block("", _lines(credentials, 'export {}="', '"')),),
        ),
        Format(
            "cmd",
            "Windows",
            "Paste into the Command Prompt.",
            (Block("", _lines(credentials, "SET {}=")),),
        ),
        Format(
            "powershell",
            "PowerShell",
            "Paste into PowerShell, on any system.",
            (Block("", _lines(credentials, '$Env:{}="', '"')),),
        ),
        Format(
            "profile",
            "Credentials file",
            "Add to ~/.aws/credentials (Windows: %USERPROFILE%\\.aws\\credentials), "
            "then use --profile with the name in brackets.",
            (Block("", (profile, *_lines(credentials, "{}=", lower=True))),),
        ),
        Format(
            "values",
            "Individual values",
            "For tools that ask for each value.",
            tuple(Block(label, (line,)) for label, line in _values(credentials)),
        ),
    )


def _lines(
    credentials: Credentials, before: str, after: str = "", *, lower: bool = False
) -> tuple[Part, ...]:
    named = (
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id, False),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key, True),
        ("AWS_SESSION_TOKEN", credentials.session_token, True),
    )
    return tuple(
        Part(before.format(name.lower() if lower else name), value, after, secret)
        for name, value, secret in named
    )


def _values(credentials: Credentials) -> tuple[tuple[str, Part], ...]:
    key_id, secret, token = _lines(credentials, "")
    return (
        ("AWS access key ID", key_id),
        ("AWS secret access key", secret),
        ("AWS session token", token),
    )
