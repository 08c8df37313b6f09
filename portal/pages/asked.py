"""Read what a request asks for: an account role, a duration, a destination, a region."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

# No session is longer than 43200 seconds: what is longer than this is not worth converting.
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """An account role as a link or a form names it; nothing in it is verified."""

    account_id: str = ""
    role_name: str = ""
    destination: str = ""
    region: str = ""
    duration: int | None = None
    # Account roles as `role` writes them, each once; None where one is asked for, not several.
    several: tuple[str, ...] | None = None

    @property
    def query(self) -> str:
        """The same, as the query of a link to one of the pages; without the duration."""
        if self.several is not None:
            return urlencode([("role", value) for value in self.several], safe="/")
        named = {
            "account_id": self.account_id,
            "role_name": self.role_name,
            "destination": self.destination,
            "region": self.region,
        }
        return urlencode({name: value for name, value in named.items() if value})


def asked(request: HttpRequest) -> Asked:
    """Read the form of a POST, else the query.

    `role` is short for both: "123456789012/ReadOnly", as the buttons of the start page send it;
    with more than one of them, or with `several`, several account roles are asked for.
    """
    fields = request.POST if request.method == "POST" else request.GET
    named = roles_in(fields)
    account_id, _, role_name = _text(fields, "role").partition("/")
    return Asked(
        account_id=account_id or _text(fields, "account_id"),
        role_name=role_name or _text(fields, "role_name"),
        destination=_text(fields, "destination"),
        region=_text(fields, "region"),
        duration=_seconds(_text(fields, "duration")),
        several=named if len(named) > 1 or "several" in fields else None,
    )


def roles_in(fields: QueryDict) -> tuple[str, ...]:
    """Return every account role that is named, each once: "123456789012/ReadOnly"."""
    return tuple(dict.fromkeys(_storable(value) for value in fields.getlist("role")))


def _text(fields: QueryDict, name: str) -> str:
    return _storable(fields.get(name, ""))


def _storable(text: str) -> str:
    # PostgreSQL takes no NUL; U+FFFD is in no name, so it is refused like any unknown one.
    return text.strip().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _seconds(text: str) -> int | None:
    """Return a number of seconds; for what is none, 0: the door refuses and records that."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
