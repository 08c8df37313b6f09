"""Keys as text, in the formats that people paste and tools parse.

Four of them begin as those of IAM Identity Center's access portal do, byte for byte, because tools parse them (https://docs.aws.amazon.com/singlesignon/latest/userguide/howtogetcredentials.html).
After the keys come the account's region, if it has one, and when the keys expire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from enum import Enum, auto

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts.types import Credentials, IssuedKeys

# The characters of STS's keys. None of them means anything to a shell, quoted or not.
_SAFE_IN_SHELLS = re.compile(r"[A-Za-z0-9+/=_-]*")


class Mark(Enum):
    """What a page does with a piece of text: show it, hide it until “Show secrets”, or let people rename it."""

    PLAIN = auto()
    SECRET = auto()
    PROFILE = auto()


_MARKUP = {
    Mark.PLAIN: "{}",
    Mark.SECRET: '<span class="secret"><span>{}</span></span>',
    Mark.PROFILE: '<span class="profile-name">{}</span>',
}


@dataclass(frozen=True, slots=True)
class Piece:
    text: str = field(repr=False)
    mark: Mark = Mark.PLAIN

    @property
    def markup(self) -> SafeString:
        """The piece as HTML. Its `textContent` is the text even while it is hidden."""
        return format_html(_MARKUP[self.mark], self.text)


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """Lines that are copied together."""

    label: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The text to copy, without a newline at the end, as in the access portal."""
        return "\n".join("".join(piece.text for piece in line) for line in self.lines)

    @property
    def markup(self) -> SafeString:
        """The lines as HTML."""
        lines = (format_html_join("", "{}", ((p.markup,) for p in line)) for line in self.lines)
        return format_html_join("\n", "{}", ((line,) for line in lines))


@dataclass(frozen=True, slots=True, repr=False)
class Format:
    """One way to write keys: its label, a hint what to do with it, its blocks, and the profile it names."""

    slug: str
    label: str
    hint: str
    blocks: tuple[Block, ...]
    profile: str = ""


def formats(keys: IssuedKeys, *, profile: str) -> tuple[Format, ...]:
    """Return every format of these keys, the most used first; `profile` comes from `profile_names`.

    Should STS ever issue characters that mean something to a shell, only the formats that no shell
    reads are returned.
    """
    credentials = keys.credentials
    everything = (
        Format(
            "posix",
            "bash, zsh",
            gettext("Paste into a terminal: bash, zsh and other POSIX shells."),
            _block(_environment(keys, 'export {}="', '"')),
        ),
        Format(
            "fish",
            "fish",
            gettext("Paste into a terminal with fish."),
            _block(_environment(keys, 'set -gx {} "', '"')),
        ),
        Format(
            "powershell",
            "PowerShell",
            gettext("Paste into PowerShell, on any system."),
            _block(_environment(keys, '$Env:{}="', '"')),
        ),
        Format(
            "cmd",
            "cmd",
            gettext("Paste into the Command Prompt of Windows."),
            _block(_environment(keys, "SET {}=")),
        ),
        Format(
            "env",
            ".env",
            gettext(
                "Save as a file: docker run --env-file, docker compose, systemd and dotenv read it."
            ),
            _block(_environment(keys, "{}=")),
        ),
        Format(
            "profile",
            gettext("Profile"),
            gettext(
                "Add to ~/.aws/credentials (Windows: %USERPROFILE%\\.aws\\credentials). Replace a section "
                "of the same name that is there: a file with two is refused by AWS's tools. Then use "
                "--profile with the name in brackets."
            ),
            _block(credentials_profile(keys, profile)),
            profile,
        ),
        Format(
            "configure",
            "aws configure",
            gettext(
                "Paste into any shell: the AWS CLI writes the profile for you, or replaces the one of "
                "the same name."
            ),
            _block(_configure(keys, profile)),
            profile,
        ),
        Format(
            "json",
            "JSON",
            gettext("What the AWS CLI and SDKs expect of a credential_process."),
            _block(_json(credentials)),
        ),
        Format(
            "values",
            gettext("Values"),
            gettext("For tools that ask for each value."),
            tuple(Block(label, (line,)) for label, line in _values(keys)),
        ),
    )
    values = [value for _, value, _ in _named(credentials)]
    if all(map(_SAFE_IN_SHELLS.fullmatch, (*values, keys.entitlement.role.region))):
        return everything
    return tuple(form for form in everything if form.slug in ("json", "values"))


def credentials_profile(keys: IssuedKeys, name: str) -> tuple[Line, ...]:
    """Return a profile of AWS's credentials file. It has no setting for the expiry, so that is a comment."""
    header = (Piece("["), Piece(name, Mark.PROFILE), Piece("]"))
    region = keys.entitlement.role.region
    return (
        header,
        (Piece(f"# These keys expire at {_expiration(keys.credentials)}"),),
        *_variables(keys.credentials, "{}=", lower=True),
        *([(Piece(f"region={region}"),)] if region else []),
    )


def _block(lines: Iterable[Line]) -> tuple[Block, ...]:
    return (Block("", tuple(lines)),)


def _named(credentials: Credentials) -> tuple[tuple[str, str, Mark], ...]:
    return (
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id, Mark.PLAIN),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key, Mark.SECRET),
        ("AWS_SESSION_TOKEN", credentials.session_token, Mark.SECRET),
    )


def _variables(
    credentials: Credentials, before: str, after: str = "", *, lower: bool = False
) -> tuple[Line, ...]:
    return tuple(
        (Piece(before.format(name.lower() if lower else name)), Piece(value, mark), Piece(after))
        for name, value, mark in _named(credentials)
    )


def _environment(keys: IssuedKeys, before: str, after: str = "") -> tuple[Line, ...]:
    """Return the variables of keys, of the region and of the expiry.

    https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
    """
    region = keys.entitlement.role.region
    more = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    more["AWS_CREDENTIAL_EXPIRATION"] = _expiration(keys.credentials)
    return (
        *_variables(keys.credentials, before, after),
        *((Piece(f"{before.format(name)}{value}{after}"),) for name, value in more.items()),
    )


def _expiration(credentials: Credentials) -> str:
    """Return the expiration in UTC to the second (RFC 3339), which every SDK reads."""
    return credentials.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _configure(keys: IssuedKeys, profile: str) -> tuple[Line, ...]:
    # Quoted: zsh expands a word that begins with =, PowerShell reads a comma as a list.
    end = (Piece(' --profile "'), Piece(profile, Mark.PROFILE), Piece('"'))
    lines = _variables(keys.credentials, 'aws configure set {} "', '"', lower=True)
    if region := keys.entitlement.role.region:
        lines += ((Piece(f'aws configure set region "{region}"'),),)
    return tuple((*line, *end) for line in lines)


def _json(credentials: Credentials) -> tuple[Line, ...]:
    """Return what a credential_process prints.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html
    """
    expires_at = credentials.expires_at.astimezone(UTC).isoformat(timespec="seconds")
    members = (
        ("AccessKeyId", credentials.access_key_id, Mark.PLAIN, '",'),
        ("SecretAccessKey", credentials.secret_access_key, Mark.SECRET, '",'),
        ("SessionToken", credentials.session_token, Mark.SECRET, '",'),
        ("Expiration", expires_at, Mark.PLAIN, '"'),
    )
    return (
        (Piece("{"),),
        (Piece('  "Version": 1,'),),
        *(
            (Piece(f'  "{name}": "'), Piece(json.dumps(value)[1:-1], mark), Piece(after))
            for name, value, mark, after in members
        ),
        (Piece("}"),),
    )


def _values(keys: IssuedKeys) -> tuple[tuple[str, Line], ...]:
    key_id, secret, token = _variables(keys.credentials, "")
    region = keys.entitlement.role.region
    return (
        (gettext("AWS access key ID"), key_id),
        (gettext("AWS secret access key"), secret),
        (gettext("AWS session token"), token),
        *([(gettext("Region"), (Piece(region),))] if region else []),
        (gettext("Expires at"), (Piece(_expiration(keys.credentials)),)),
    )
