"""The portal's API: /api/v1, and how to sign in."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from gatehouse_client import transport
from gatehouse_client.errors import CommandFailed, NotSignedIn, printable

# The members that the client uses of each answer, and their types.
_ME = {"sub": str, "name": str, "email": str}
_ENTITLEMENT = {
    **dict.fromkeys(("account_id", "account_name", "role_name", "role_arn", "region"), str),
    **dict.fromkeys(("console", "keys"), bool),
}
_PAGE = {"items": list, "problems": list}
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
_PAGE_SIZE = "200"
# More pages than a list can have.
_MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """How to sign in for a portal: the provider, the client, and which of its tokens the portal takes."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    audience: str = ""
    resource: str = ""
    token: str = "access"  # noqa: S105 - "access" or "id"


@dataclass(frozen=True, slots=True)
class RoleName:
    """A role, named by its ARN, or by account (id or name) and name."""

    arn: str = ""
    account: str = ""
    name: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the API."""
        if self.arn:
            return {"role_arn": self.arn}
        key = "account_id" if re.fullmatch("[0-9]{12}", self.account) else "account_name"
        return {key: self.account, "role_name": self.name}


def sign_in_settings(url: str) -> SignInSettings:
    """Ask the portal how to sign in.

    Raises:
        CommandFailed: it cannot be reached, is not set up for this, or is no portal.
    """
    content = _content(transport.send(f"{url}/api/v1/client"))
    try:
        settings = SignInSettings(
            issuer=_text(content["issuer"]),
            client_id=_text(content["client_id"]),
            scopes=tuple(map(_text, content["scopes"])),
            audience=str(content.get("audience") or ""),
            resource=str(content.get("resource") or ""),
            token=content["token"],
        )
    except (KeyError, TypeError, ValueError):
        raise CommandFailed(
            f"{url} does not say how to sign in. Is it a Gatehouse portal?"
        ) from None
    if settings.token not in ("access", "id") or not transport.is_safe_url(settings.issuer):
        raise CommandFailed(f"{url} names an identity provider that cannot be used safely.")
    return settings


class PortalApi:
    """The API of a portal.

    `bearer` gives the token; it is called with True when the portal has refused the one before.
    `advice` is added to the error when the portal refuses the token for good.
    """

    def __init__(self, url: str, bearer: Callable[[bool], str], *, advice: str = "") -> None:
        self.url = url
        self.advice = advice
        self._bearer = bearer

    def me(self) -> dict[str, Any]:
        """Return the person the token stands for."""
        return self._checked(self._send("/me"), _ME)

    def entitlements(self, **filters: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Return all entitlements, and messages about claims that did not arrive whole."""
        query = {**filters, "limit": _PAGE_SIZE}
        entitlements: list[dict[str, Any]] = []
        for _ in range(_MAX_PAGES):
            page = self._checked(self._send(f"/me/entitlements?{urlencode(query)}"), _PAGE)
            entitlements += [self._checked(item, _ENTITLEMENT) for item in page["items"]]
            if not page.get("next"):
                problems = [self._checked(one, {"message": str}) for one in page["problems"]]
                return entitlements, [printable(problem["message"]) for problem in problems]
            query["after"] = self._checked(page, {"next": str})["next"]
        raise CommandFailed(f"{self.url} answers with a list that does not end.")

    def keys(
        self,
        role: RoleName,
        *,
        duration: int | None,
        tags: Mapping[str, str],
        read_only: bool = False,
    ) -> dict[str, Any]:
        """Request keys; `duration` is in seconds, `tags` are session tags, `read_only` asks for less than the role may."""
        content: dict[str, Any] = {**role.parameters, "tags": dict(tags), **_less(read_only)}
        if duration is not None:
            content["duration"] = duration
        keys = self._checked(self._send("/keys", content), _KEYS)
        if read_only and keys.get("read_only") is not True:
            raise CommandFailed(f"{self.url} answered with keys that are not read-only.")
        try:
            datetime.fromisoformat(keys["expires_at"])
        except ValueError:
            raise self._unexpected() from None
        return keys

    def console(
        self, role: RoleName, *, destination: str, read_only: bool = False
    ) -> dict[str, Any]:
        """Request a link that opens the console; `read_only` as in `keys`."""
        content = {**role.parameters, "destination": destination, **_less(read_only)}
        link = self._send("/console", content)
        if not transport.is_safe_url(link.get("url")):
            raise CommandFailed(f"{self.url} answered with no link to a console.")
        return link

    def _send(self, path: str, content: object = None) -> dict[str, Any]:
        url = f"{self.url}/api/v1{path}"
        response = transport.send(url, content=content, bearer=self._bearer(False))
        if response.status == 401:
            # If there is no other token, the portal's own message says more.
            with contextlib.suppress(NotSignedIn):
                if other := self._bearer(True):
                    response = transport.send(url, content=content, bearer=other)
        return _content(response, self.advice)

    def _checked(self, content: Any, members: Mapping[str, type]) -> dict[str, Any]:
        """Return an object after a check that it has these members; others are ignored."""
        if not isinstance(content, dict) or not all(
            isinstance(content.get(name), kind) for name, kind in members.items()
        ):
            raise self._unexpected()
        return content

    def _unexpected(self) -> CommandFailed:
        return CommandFailed(f"{self.url} does not answer as a Gatehouse portal does. Is it one?")


def _less(read_only: bool) -> dict[str, bool]:
    # A portal that is older than this member refuses it: nobody gets more than they asked for.
    return {"read_only": True} if read_only else {}


def _content(response: transport.ServerResponse, advice: str = "") -> dict[str, Any]:
    """Return the JSON of a response, or raise the portal's error."""
    content = response.json()
    if response.status == 200:
        return content
    error = content.get("error")
    if not isinstance(error, dict):
        raise CommandFailed(
            f"{transport.origin(response.url)} answered {response.status}. Is it a Gatehouse portal?"
        )
    message, code = printable(error.get("message", "")), error.get("code")
    if response.status == 401 and code != "token.not_set_up":
        raise NotSignedIn(f"{message} {advice}".strip())
    if response.status >= 500:
        message += f" The request was {printable(error.get('request_id', ''))}."
    raise CommandFailed(message)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value
