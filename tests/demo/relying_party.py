"""An application that uses the provider, one request at a time, so that tests can leave things out."""

from __future__ import annotations

import base64
import hashlib
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from demo.identity import IdentityProvider

VERIFIER = "a-verifier-of-43-characters-at-the-very-least-0123"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
CALLBACK = "http://localhost:8000/oidc/callback/"


class RelyingParty:
    """What the portal does at the provider, with every parameter open to change; None leaves one out."""

    def __init__(self, provider: IdentityProvider) -> None:
        self.url = provider.issuer
        self.secret = provider.clients[0].secret
        self.browser = requests.Session()
        self.back = requests.Session()

    def __enter__(self) -> RelyingParty:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.browser.close()
        self.back.close()

    def ask(self, who: str | None = None, **changes: str | None) -> requests.Response:
        """Send the browser to the provider; as somebody, press their button."""
        parameters = {
            "response_type": "code",
            "client_id": "gatehouse",
            "redirect_uri": CALLBACK,
            "scope": "openid profile email",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        method, form = ("POST", {"username": who}) if who else ("GET", None)
        return self.browser.request(
            method,
            f"{self.url}/authorize",
            params={k: v for k, v in parameters.items() if v is not None},
            data=form,
            allow_redirects=False,
            timeout=5,
        )

    def code(self, who: str | None = "alice", **changes: str | None) -> str:
        """Return the code that a sign-in ends with."""
        return answer(self.ask(who, **changes))["code"]

    def exchange(self, **changes: str | None) -> requests.Response:
        """Ask the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "client_id": "gatehouse",
            "client_secret": self.secret,
            **changes,
        }
        return self.back.post(
            f"{self.url}/token",
            data={k: v for k, v in form.items() if v is not None},
            timeout=5,
        )

    def refresh(self, token: str) -> requests.Response:
        """Ask for fresh tokens."""
        return self.exchange(
            grant_type="refresh_token",
            refresh_token=token,
            code_verifier=None,
            redirect_uri=None,
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask another endpoint, not as the browser."""
        return self.back.get(f"{self.url}{path}", timeout=5, **options)

    def claims(self, id_token: str) -> dict[str, Any]:
        """Return the claims of an ID token that the published keys verify."""
        keys = KeySet.import_key_set(self.get("/jwks").json())
        return jwt.decode(id_token, keys, algorithms=["RS256"]).claims


def answer(response: requests.Response) -> dict[str, str]:
    """Return the parameters the browser is sent back with."""
    location = response.headers["Location"]
    assert location.startswith(CALLBACK), location
    return {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}
