"""What the portal answers: /api/v1, and who its identity provider is."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from gatehouse_client import web
from gatehouse_client.errors import Failed, NotSignedIn, plain

_ME = {"sub": str, "name": str, "email": str}
_ROLE = {
    **dict.fromkeys(("account_id", "account_name", "role_name", "role_arn", "region"), str),
    **dict.fromkeys(("console", "keys"), bool),
}
_LIST = {"items": list, "problems": list}
_KEYS = dict.fromkeys(
    (
        "access_key_id",
        "secret_access_key",
        "session_token",
        "expires_at",
        "account_id",
        "role_name",
    ),
    str,
)
# More parts than a list has: 200 roles stand in each.
_LONGEST_LIST = 1000


@dataclass(frozen=True, slots=True)
class Facts:
    """How to sign in for a portal: the provider, the client to come as, and which token to bring."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    audience: str = ""
    resource: str = ""
    token: str = "access"  # noqa: S105 - a kind, no secret


@dataclass(frozen=True, slots=True)
class Role:
    """A role that is asked for: by its ARN, or by account (id or name) and name."""

    arn: str = ""
    account: str = ""
    name: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """How the API wants it."""
        if self.arn:
            return {"role_arn": self.arn}
        by = "account_id" if re.fullmatch("[0-9]{12}", self.account) else "account_name"
        return {by: self.account, "role_name": self.name}


def facts(url: str) -> Facts:
    """Ask the portal how to sign in.

    Raises:
        Failed: it does not say.
    """
    answer = web.ask(f"{url}/api/v1/client")
    found = _checked(answer)
    try:
        read = Facts(
            issuer=_word(found["issuer"]),
            client_id=_word(found["client_id"]),
            scopes=tuple(map(_word, found["scopes"])),
            audience=str(found.get("audience") or ""),
            resource=str(found.get("resource") or ""),
            token=found["token"],
        )
    except (KeyError, TypeError, ValueError):
        raise Failed(f"{url} does not say how to sign in. Is it a Gatehouse portal?") from None
    if read.token not in ("access", "id") or not web.is_safe(read.issuer):
        raise Failed(f"{url} names an identity provider that this client cannot use safely.")
    return read


class Portal:
    """The API of a portal, for whoever holds the token that `bearer` returns.

    `bearer` is asked anew, with True, when the portal did not take what it returned before; `advice` is
    what to tell whose token the portal takes in no way.
    """

    def __init__(self, url: str, bearer: Callable[[bool], str], *, advice: str = "") -> None:
        self.url = url
        self.advice = advice
        self._bearer = bearer

    def me(self) -> dict[str, Any]:
        """Ask who the token says we are."""
        return self._shaped(self._ask("/me"), _ME)

    def entitlements(self, **narrower: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Ask what we may do, and whether something of our claims did not arrive whole."""
        query = {**narrower, "limit": "200"}
        found: list[dict[str, Any]] = []
        for _ in range(_LONGEST_LIST):
            part = self._shaped(self._ask(f"/me/entitlements?{urlencode(query)}"), _LIST)
            found += [self._shaped(role, _ROLE) for role in part["items"]]
            if not part.get("next"):
                problems = [self._shaped(one, {"message": str}) for one in part["problems"]]
                return found, [plain(problem["message"]) for problem in problems]
            query["after"] = self._shaped(part, {"next": str})["next"]
        raise Failed(f"{self.url} answers with a list that does not end.")

    def keys(self, role: Role, *, duration: int | None, tags: Mapping[str, str]) -> dict[str, Any]:
        """Ask for keys; `duration` is in seconds, `tags` are session tags."""
        content: dict[str, Any] = {**role.asked, "tags": dict(tags)}
        if duration is not None:
            content["duration"] = duration
        found = self._shaped(self._ask("/keys", content), _KEYS)
        try:
            datetime.fromisoformat(found["expires_at"])
        except ValueError:
            raise self._no_portal() from None
        return found

    def console(self, role: Role, *, destination: str) -> dict[str, Any]:
        """Ask for a link that opens the console."""
        found = self._ask("/console", {**role.asked, "destination": destination})
        if not web.is_safe(found.get("url")):
            raise Failed(f"{self.url} answered with no link to a console.")
        return found

    def _ask(self, path: str, content: object = None) -> dict[str, Any]:
        url = f"{self.url}/api/v1{path}"
        answer = web.ask(url, content=content, bearer=self._bearer(False))
        if answer.status == 401:
            with contextlib.suppress(NotSignedIn):  # What the portal says tells more.
                if other := self._bearer(True):
                    answer = web.ask(url, content=content, bearer=other)
        return _checked(answer, self.advice)

    def _shaped(self, found: Any, shape: Mapping[str, type]) -> dict[str, Any]:
        """Return an object that has these members; what else it holds is not looked at."""
        if not isinstance(found, dict) or not all(
            isinstance(found.get(name), kind) for name, kind in shape.items()
        ):
            raise self._no_portal()
        return found

    def _no_portal(self) -> Failed:
        return Failed(f"{self.url} does not answer as a Gatehouse portal does. Is it one?")


def _checked(answer: web.Answer, advice: str = "") -> dict[str, Any]:
    """Return what was answered, or raise what the portal says in its one shape of errors."""
    found = answer.json()
    if answer.status == 200:
        return found
    error = found.get("error")
    if not isinstance(error, dict):
        raise Failed(
            f"{web.origin(answer.url)} answered {answer.status}. Is it a Gatehouse portal?"
        )
    message, code = plain(error.get("message", "")), error.get("code")
    if answer.status == 401 and code != "token.not_set_up":
        raise NotSignedIn(f"{message} {advice}".strip())
    if answer.status >= 500:
        message += f" The request was {plain(error.get('request_id', ''))}."
    raise Failed(message)


def _word(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value
