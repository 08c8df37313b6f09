"""Groups of Google Workspace from the Directory API, as Google's tokens hold none.

A service account with domain-wide delegation acts as an admin who may read groups:
https://developers.google.com/identity/protocols/oauth2/service-account and
https://developers.google.com/admin-sdk/directory/reference/rest/v1/groups/list. It lists the groups that somebody is
a direct member of.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from accounts.oidc.errors import misconfigured, unavailable
from accounts.oidc.group_sources.asking import members, pages_of, token_of

TOKEN_ENDPOINT = "https://oauth2.googleapis.com/token"  # noqa: S105
DIRECTORY = "https://admin.googleapis.com/admin/directory/v1/groups"
SCOPE = "https://www.googleapis.com/auth/admin.directory.group.readonly"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def completed(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with the addresses of the person's groups in `groups`.

    Somebody who is not of a Workspace (no `hd`) has no groups there and is not asked for.
    """
    if not claims.get("hd"):
        return dict(claims)
    token = token_of(TOKEN_ENDPOINT, {"grant_type": _JWT_BEARER, "assertion": _assertion()})
    asked = {"userKey": str(claims["sub"]), "maxResults": "200"}

    def next_of(page: Mapping[str, Any]) -> str:
        following = page.get("nextPageToken", "")
        if not isinstance(following, str):
            raise unavailable("the Directory API names no next page that can be asked for")
        return f"{DIRECTORY}?{urlencode({**asked, 'pageToken': following})}" if following else ""

    groups = [
        group
        for page in pages_of(f"{DIRECTORY}?{urlencode(asked)}", token=token, next_of=next_of)
        # Without any group the list itself is left out.
        for group in members({"groups": [], **page}, "groups", "email")
    ]
    return {**claims, "groups": groups}


def _assertion() -> str:
    """Return the signed statement of the service account, as the admin in whose name it reads."""
    try:
        account = json.loads(settings.GOOGLE_SERVICE_ACCOUNT)
        key = RSAKey.import_key(account["private_key"])
        now = int(time.time())
        said = {
            "iss": account["client_email"],
            "sub": settings.GOOGLE_ADMIN,
            "scope": SCOPE,
            "aud": TOKEN_ENDPOINT,
            "iat": now,
            "exp": now + 300,
        }
        return jwt.encode({"alg": "RS256"}, said, key)
    except (ValueError, LookupError, TypeError, JoseError):
        # From None: the text may hold the key.
        raise misconfigured(
            "GOOGLE_SERVICE_ACCOUNT is not the JSON key of a service account"
        ) from None
