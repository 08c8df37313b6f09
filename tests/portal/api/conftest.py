"""A program that calls the API with bearer tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client


@dataclass
class Program:
    """Something that is no browser: no cookies, no redirects, a bearer token."""

    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, token: str | None = None, **query: str) -> HttpResponse:
        """Ask, with a token or without."""
        return self.send("GET", path, token, query)

    def send(
        self, method: str, path: str, token: str | None = None, data: Any = None, **more: Any
    ) -> HttpResponse:
        """Send any request."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers |= more.pop("headers", {})
        if method not in ("GET", "HEAD"):
            more.setdefault("content_type", "application/json")
        response: HttpResponse = getattr(self.client, method.lower())(
            path, data, headers=headers, **more
        )
        return response


@pytest.fixture
def program() -> Program:
    """A program."""
    return Program()
