"""Groups of Entra ID from Microsoft Graph, where a token leaves them out because they are too many.

https://learn.microsoft.com/graph/api/user-list-transitivememberof. The address that the token names is never asked:
whoever can write it could choose where the portal's token goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.claims import problems
from accounts.oidc.errors import misconfigured, unavailable
from accounts.oidc.group_sources.asking import members, pages_of, token_of

# https://learn.microsoft.com/graph/deployments: sign-in, then Graph.
CLOUDS = {
    "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us-gov": ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "us-dod": ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}
"""By the value of ENTRA_CLOUD."""

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OVERAGE = ("_claim_names", "_claim_sources", "hasgroups")


def completed(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with all groups of the person by their ids; as they are where the token left none out."""
    if not problems(claims, ["groups"], issuer=settings.OIDC_ISSUER):
        return dict(claims)
    tenant, person = claims.get("tid"), claims.get("oid")
    if not _is_id(tenant) or not _is_id(person):
        raise misconfigured("tokens of Entra ID without “tid” and “oid” name nobody in Graph")
    if tenant not in urlsplit(settings.OIDC_ISSUER).path.split("/"):
        raise misconfigured("the token is of another tenant of Entra ID than OIDC_ISSUER")
    sign_in, graph = CLOUDS[settings.ENTRA_CLOUD]
    token = token_of(
        f"{sign_in}/{tenant}/oauth2/v2.0/token",
        {
            "grant_type": "client_credentials",
            "client_id": settings.OIDC_RP_CLIENT_ID,
            "client_secret": settings.OIDC_RP_CLIENT_SECRET,
            "scope": f"{graph}/.default",
        },
    )

    def next_of(page: Mapping[str, Any]) -> str:
        link = page.get("@odata.nextLink", "")
        if link and not (isinstance(link, str) and link.startswith(f"{graph}/v1.0/")):
            raise unavailable("Microsoft Graph names a next page at another host")
        return str(link)

    first = (
        f"{graph}/v1.0/users/{person}/transitiveMemberOf/microsoft.graph.group?$select=id&$top=999"
    )
    groups = [
        group
        for page in pages_of(first, token=token, next_of=next_of)
        for group in members(page, "value", "id")
    ]
    rest = {
        name: value
        for name, value in claims.items()
        if name not in _OVERAGE and not name.startswith("groups:src")
    }
    return {**rest, **_other_overage(claims), "groups": groups}


def _other_overage(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else was left out: of that nothing is known."""
    names = claims.get("_claim_names")
    others = (
        {key: value for key, value in names.items() if key != "groups"}
        if isinstance(names, Mapping)
        else {}
    )
    return {"_claim_names": others} if others else {}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
