"""A command line as the AWS CLI is one, with Django's test client in place of the network."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.test import Client

from tests import cast
from tests.cast import NOON

# What Django's test client returns.
Answer = Any

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REGISTERED = "http://127.0.0.1/oauth/callback"
REDIRECT = "http://127.0.0.1:51234/oauth/callback"
BEARER = "x-amz-sso_bearer_token"
# What AWS CLI 2.38.1 sends for the flow in the browser.
REGISTRATION = {
    "clientName": "botocore-client-gatehouse",
    "clientType": "public",
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": [REGISTERED],
    "issuerUrl": "https://identitycenter.amazonaws.com/ssoins-0000000000000000",
    "scopes": ["sso:account:access"],
}
# And for a code that somebody types.
DEVICE_REGISTRATION = {
    "clientName": "botocore-client-gatehouse",
    "clientType": "public",
    "scopes": ["sso:account:access"],
}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is noon, and stays noon until a test moves the clock."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@dataclass
class Program:
    """A command line: it registers, asks, and keeps what it is given."""

    http: Client = field(default_factory=lambda: Client(REMOTE_ADDR="192.0.2.10"))
    client: dict[str, str] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def post(self, path: str, body: Any, **extra: Any) -> Answer:
        """Send a body as JSON, whatever it is."""
        return self.http.post(path, json.dumps(body), content_type="application/json", **extra)

    def register(self, **changes: Any) -> dict[str, Any]:
        """Register, and keep the id and the secret."""
        answer = self.post("/client/register", REGISTRATION | changes)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = json.loads(answer.content)
        self.client = {name: found[name] for name in ("clientId", "clientSecret")}
        return found

    @classmethod
    def registered(cls) -> Program:
        """Return a command line that has registered."""
        program = cls()
        program.register()
        return program

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def address(self, **changes: str) -> str:
        """The page that `aws sso login` opens; a change to "" leaves something out."""
        asked = {
            "response_type": "code",
            "client_id": self.client.get("clientId", ""),
            "redirect_uri": REDIRECT,
            "state": "0b1c2d3e-state",
            "code_challenge_method": "S256",
            "scopes": "sso:account:access",
            "code_challenge": self.challenge,
        } | changes
        return "/authorize?" + urlencode({name: said for name, said in asked.items() if said})

    def code(self, browser: Client, **changes: str) -> str:
        """Be let in by somebody in their browser, and return the code that comes back."""
        response = browser.post(self.address(**changes), {"answer": "allow"})
        assert response.status_code == 302, response.content
        return parse_qs(urlsplit(response["Location"]).query)["code"][0]

    def token(self, grant: str, **body: Any) -> Answer:
        """Ask for tokens."""
        return self.post("/token", {"grantType": grant, **self.client, **body})

    def redeem(self, code: str, **changes: Any) -> Answer:
        """Exchange a code that came back."""
        body = {"code": code, "redirectUri": REDIRECT, "codeVerifier": self.verifier, **changes}
        return self.token("authorization_code", **body)

    def login(self, who: str | Client = "alice", **registration: Any) -> dict[str, Any]:
        """Do what `aws sso login` does, from the registration to the tokens."""
        self.register(**registration)
        browser = cast.signed_in(who) if isinstance(who, str) else who
        answer = self.redeem(self.code(browser))
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = json.loads(answer.content)
        return found

    def begin(self, **changes: Any) -> dict[str, Any]:
        """Register and ask for a code to type."""
        self.register(**{**dict.fromkeys(REGISTRATION), **DEVICE_REGISTRATION, **changes})
        answer = self.post("/device_authorization", {**self.client, "startUrl": "x"})
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = json.loads(answer.content)
        return found

    def poll(self, device_code: str, **changes: Any) -> Answer:
        """Ask whether somebody has typed the code."""
        return self.token(DEVICE_CODE, deviceCode=device_code, **changes)

    def get(self, path: str, token: str, **query: str) -> Answer:
        """Ask with an access token, in the header as AWS spells it."""
        return self.http.get(path, query, headers={BEARER: token})

    def logout(self, token: str) -> Answer:
        """Sign out."""
        return self.http.post("/logout", headers={BEARER: token})


@pytest.fixture
def program() -> Program:
    """A command line that has not asked for anything yet."""
    return Program()


def refusal(answer: Answer) -> tuple[int, str]:
    """Return status and error of an answer of sso-oidc, once it is all that AWS's tools look at."""
    body = json.loads(answer.content)
    assert set(body) == {"error", "error_description"}
    assert "no-store" in answer["Cache-Control"]
    assert answer["x-amzn-ErrorType"].endswith("Exception")
    assert not answer.cookies
    return answer.status_code, answer["x-amzn-ErrorType"]


def denial(answer: Answer) -> tuple[int, str]:
    """Return status and error of an answer of sso; its body says why, and nothing else."""
    body = json.loads(answer.content)
    assert set(body) == {"message"}
    assert body["message"]
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    return answer.status_code, answer["x-amzn-ErrorType"]


INVALID_GRANT = (400, "InvalidGrantException")
INVALID_CLIENT = (401, "InvalidClientException")
INVALID_REQUEST = (400, "InvalidRequestException")
UNAUTHORIZED = (401, "UnauthorizedException")
FORBIDDEN = (403, "ForbiddenException")
