"""Read what a link or form asks for: a role in an account, a duration, a destination, a region."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from accounts.errors import InvalidRequest
from accounts.messages import Message
from accounts.types import RoleRef

# No session is longer than 43200 seconds: a number with more digits than this is not worth converting.
_DIGITS = 9

# The names in a link to the console that are read.
FIELDS = frozenset(
    {"account_id", "role_name", "role", "destination", "region", "duration", "read_only"}
)


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """The role that a link or form names, and what is wanted with it. Nothing in it is verified."""

    account_id: str = ""
    role_name: str = ""
    destination: str = ""
    region: str = ""
    # In seconds; None if none is named, 0 for what is not a number.
    duration: int | None = None
    # Less than the role may: what its read-only policy leaves.
    read_only: bool = False
    # Several roles as "123456789012/ReadOnly", each once; None if one role is asked for.
    bulk: tuple[str, ...] | None = None

    @property
    def query(self) -> str:
        """The query of a link to the same role or roles; without the duration."""
        if self.bulk is not None:
            roles = [("role", value) for value in self.bulk]
            less = [("read_only", "1")] if self.read_only else []
            return urlencode([*roles, *less], safe="/")
        fields = {
            "account_id": self.account_id,
            "role_name": self.role_name,
            "destination": self.destination,
            "region": self.region,
            "read_only": "1" if self.read_only else "",
        }
        return urlencode({name: value for name, value in fields.items() if value})


def role_request(request: HttpRequest) -> RoleRequest:
    """Read the form of a POST, else the query.

    `role=123456789012/ReadOnly`, as the buttons of the start page send it, is short for `account_id`
    and `role_name`. With more than one `role`, or with `several`, keys for several roles are asked for.

    Raises:
        InvalidRequest: whether less than the role may is asked for cannot be read.
    """
    fields = request.POST if request.method == "POST" else request.GET
    roles = role_values(fields)
    role = role_named(request)
    return RoleRequest(
        account_id=role.account_id,
        role_name=role.role_name,
        destination=_text(fields, "destination"),
        region=_text(fields, "region"),
        duration=_seconds(_text(fields, "duration")),
        read_only=_is_read_only(fields),
        bulk=roles if len(roles) > 1 or "several" in fields else None,
    )


def role_named(request: HttpRequest) -> RoleRef:
    """Return the role that a request names, whatever else it asks for; both names are "" if it names none."""
    fields = request.POST if request.method == "POST" else request.GET
    account_id, _, role_name = _text(fields, "role").partition("/")
    return RoleRef(
        account_id or _text(fields, "account_id"), role_name or _text(fields, "role_name")
    )


def role_values(fields: QueryDict) -> tuple[str, ...]:
    """Return each different value of `role`: "123456789012/ReadOnly"."""
    return tuple(dict.fromkeys(_storable(value) for value in fields.getlist("role")))


def _is_read_only(fields: QueryDict) -> bool:
    """Return whether it is asked for: what says neither yes nor no must not be read as no."""
    said = set(fields.getlist("read_only")) - {""}
    if said - {"1"}:
        raise InvalidRequest(
            Message(
                "Whether read-only is asked for cannot be read. Nothing was issued. Go back and choose again."
            ),
            "read_only is neither 1 nor empty",
            code="request.read_only",
        )
    return bool(said)


def _text(fields: QueryDict, name: str) -> str:
    return _storable(fields.get(name, ""))


def _storable(text: str) -> str:
    # PostgreSQL stores no NUL. U+FFFD is in no name, so the role is refused like any unknown one.
    return text.strip().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _seconds(text: str) -> int | None:
    # 0 for what is not a number: the door refuses it, and records that.
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
