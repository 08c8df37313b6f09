"""Where issuers of web identity tokens publish their keys, and how AWS reads them there.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from demo.cloud.answers import Refused

_TIMEOUT = 5
_MOST_KEYS = 100
_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)


@dataclass(slots=True)
class Issuers:
    """Where issuers publish their keys.

    AWS trusts the certificates that everybody does; `ca_file` names another, for issuers of this machine.
    `plain` are issuers without TLS that are taken all the same, as no browser of this machine would trust a
    certificate made for them: "http://localhost:8001" is then the provider https://localhost:8001.
    """

    ca_file: str = ""
    plain: frozenset[str] = frozenset()

    def provider_url(self, issuer: str) -> str:
        """Return the URL of the IAM provider for an issuer, without its scheme; "" if there can be none."""
        if issuer in self.plain:
            return issuer.removeprefix("http://")
        return issuer.removeprefix("https://") if issuer.startswith("https://") else ""

    def keys(self, issuer: str) -> list[Any]:
        """Fetch the keys of an issuer: its discovery document, then its JWKS.

        Raises:
            Refused: one of them cannot be had, or is not as AWS wants it.
        """
        discovery = self._json(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
        if discovery.get("issuer") != issuer:
            raise no_key(f"the discovery document is of the issuer {discovery.get('issuer')!r}")
        keys = self._json(str(discovery.get("jwks_uri", ""))).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise no_key("the JWKS has no list of keys")
        for kind in ("RSA", "EC"):
            if sum(key.get("kty") == kind for key in keys) > _MOST_KEYS:
                raise no_key(f"the JWKS has more than {_MOST_KEYS} {kind} keys")
        return keys

    def _json(self, url: str) -> dict[str, Any]:
        if not url.startswith(("https://", *self.plain)):
            raise no_key(f"{url!r} is not an https address")
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(
                    url, timeout=_TIMEOUT, verify=self.ca_file or True, allow_redirects=False
                )
            content = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise no_key(f"{url}: {type(error).__name__}") from None
        if answer.status_code != 200 or not isinstance(content, dict):
            raise no_key(f"{url} answers {answer.status_code}, or no JSON object")
        return content


def no_key(why: str) -> Refused:
    """Return AWS's refusal where it finds no key to verify a token with; `why` is for whoever uses the emulator."""
    return Refused("InvalidIdentityToken", _NO_KEY, why=why)
