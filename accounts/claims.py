"""Read values from the claims of any provider, and notice when a provider left some out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from accounts.messages import Message
from accounts.storable import is_storable
from accounts.types import Claims

# Claims with this prefix are set by the portal for its machine tokens. From a provider they are ignored.
OF_THE_PORTAL = "gatehouse:"

ARRIVED_EMPTY = "It arrived empty."
_KEYS_SHOWN = 10
_KINDS: dict[type, str] = {
    bool: "true or false",
    float: "fractions",
    int: "numbers that are too large",
    list: "lists within a list",
}

# Not exactly a whole number in every JSON library beyond this (RFC 8259 section 6).
_LARGEST_NUMBER = 2**53

# Okta cuts a group claim at 100 values and does not say so.
OKTA_GROUP_LIMIT = 100
# ID tokens and access tokens of Okta begin so, whatever domain it is under.
_OKTA_TOKENS = ("ID.", "AT.")
# Entra ID may name a link to the groups as a claim of its own.
_ENTRA_LINK = re.compile(r"groups:src\d+$")
# Google's tokens never hold groups.
GOOGLE = "https://accounts.google.com"
_OKTA_HOSTS = (".okta.com", ".oktapreview.com", ".okta-emea.com", ".okta-gov.com")


@dataclass(frozen=True, slots=True)
class ClaimProblem:
    """A claim that arrived incomplete, so nothing may be decided from it. `message` is for people."""

    claim: str
    code: str
    message: Message


def pick(claims: Claims, path: str) -> tuple[str, ...]:
    """Return the values of a claim by its literal key, or by a dotted path.

    At every level the longest literal key wins, so `https://example.com/groups`, `cognito:groups` and
    `resource_access.my.portal.roles` all work. A path goes through lists of objects: `groups.name` reads
    [{"name": "payments"}]. A single string is one value and is not split here (a mapping can). Whole
    numbers are read as decimal text. What is neither, empty, or cannot be stored is left out.
    """
    if not path:
        return ()
    sent = arrived(claims, path)
    texts = map(_text, sent if isinstance(sent, list | tuple) else [sent])
    return tuple(dict.fromkeys(text for text in texts if text and is_storable(text)))


def _text(item: object) -> str:
    """Return a text, or a whole number as text; "" for everything else."""
    if isinstance(item, str):
        return item
    if isinstance(item, int) and not isinstance(item, bool) and abs(item) < _LARGEST_NUMBER:
        return str(item)
    return ""


def why_unread(claims: Claims, path: str) -> str:
    """Say for people what arrived at a path of which `pick` reads nothing, or only part; "" if it reads all."""
    sent = arrived(claims, path)
    if sent is None:
        parts = path.split(".")
        for length in range(len(parts) - 1, 0, -1):
            if _find(claims, parts[:length]) is not None:
                parent, rest = ".".join(parts[:length]), ".".join(parts[length:])
                return f"“{parent}” arrived, but there is no “{rest}” in it."
        return "Your identity provider sent no such claim."
    items = sent if isinstance(sent, list | tuple) else [sent]
    if all(item in (None, "", [], {}) for item in items):
        return ARRIVED_EMPTY
    unread = [item for item in items if not _text(item) and item not in (None, "")]
    if not unread:
        return ""
    keys = sorted({str(key) for item in unread if isinstance(item, Mapping) for key in item})
    if keys:
        shown = ", ".join(f"“{key}”" for key in keys[:_KEYS_SHOWN])
        return (
            f"Objects with the keys {shown} arrived. They do not count by themselves: a mapping can read "
            f"one of their keys, as the claim “{path}.{keys[0]}”."
        )
    kinds = sorted({_KINDS.get(type(item), "other values") for item in unread})
    return f"{' and '.join(kinds).capitalize()} arrived, which do not count: only texts and whole numbers do."


def arrived(claims: Claims, path: str) -> Any:
    """Return what was sent at a path, of whatever type; None if nothing was."""
    return _find(claims, path.split("."))


def _find(container: object, parts: list[str]) -> Any:
    if isinstance(container, list | tuple):
        values: list[Any] = []
        for item in container:
            value = _find(item, parts) if isinstance(item, Mapping) else None
            values += value if isinstance(value, list | tuple) else [value]
        return [value for value in values if value is not None] or None
    if not isinstance(container, Mapping):
        return None
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        if key not in container:
            continue
        rest = parts[length:]
        found = _find(container[key], rest) if rest else container[key]
        if found is not None:
            return found
    return None


def problems(claims: Claims, paths: Iterable[str], *, issuer: str) -> tuple[ClaimProblem, ...]:
    """Say which of these claims the provider left out or cut short; that is never read as "no groups".

    Entra ID replaces more than 200 groups by `_claim_names`, `hasgroups` or `groups:src1`
    (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference, "groups overage").
    Okta cuts groups at 100. Google sends none at all. A path into a claim that was left out counts as left out.
    """
    distributed = claims.get("_claim_names")
    overage = set(distributed) if isinstance(distributed, Mapping) else set()
    if claims.get("hasgroups") in (True, "true") or any(map(_ENTRA_LINK.match, claims)):
        overage.add("groups")
    okta = _is_okta(claims, issuer)
    result = []
    for path in sorted(set(paths)):
        if any(path == name or path.startswith(f"{name}.") for name in overage):
            result.append(
                ClaimProblem(
                    path,
                    "claims.overage",
                    Message(
                        "Your identity provider left “%(claim)s” out of the sign-in because it has too many values.",
                        claim=path,
                    ),
                )
            )
        elif okta and _count(claims, path) == OKTA_GROUP_LIMIT:
            result.append(
                ClaimProblem(
                    path,
                    "claims.truncated",
                    Message(
                        "Your identity provider sent exactly %(limit)s values of “%(claim)s”, "
                        "its limit, so some may be missing.",
                        limit=OKTA_GROUP_LIMIT,
                        claim=path,
                    ),
                )
            )
        elif path == "groups" and issuer == GOOGLE and arrived(claims, path) is None:
            result.append(
                ClaimProblem(
                    path,
                    "claims.none_sent",
                    Message(
                        "Google sends no groups with a sign-in, so this portal does not know yours."
                    ),
                )
            )
    return tuple(result)


def _is_okta(claims: Claims, issuer: str) -> bool:
    """Whether Okta sent these. Under a custom domain only the shape of its tokens tells.

    https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/, "ID token payload" and "Access
    token payload"
    """
    if (urlsplit(issuer).hostname or "").endswith(_OKTA_HOSTS):
        return True
    return claims.get("ver") == 1 and str(claims.get("jti", "")).startswith(_OKTA_TOKENS)


def _count(claims: Claims, path: str) -> int:
    """Return how many values were sent, including those that `pick` leaves out."""
    sent = arrived(claims, path)
    return len(sent) if isinstance(sent, list | tuple) else 0
