"""Fill in the admin's forms as a browser would, and read what they answered."""

from __future__ import annotations

import html
import re
from typing import Any

from django.http import HttpResponse
from django.test import Client


def rows(prefix: str, *filled: dict[str, Any], stored: int = 0) -> dict[str, Any]:
    """Return the fields of an inline; the first `stored` rows are of rows that exist."""
    fields: dict[str, Any] = {
        f"{prefix}-TOTAL_FORMS": len(filled),
        f"{prefix}-INITIAL_FORMS": stored,
    }
    for number, row in enumerate(filled):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


def account(*roles: dict[str, Any], stored: int = 0, **columns: Any) -> dict[str, Any]:
    """Return an account's form, filled in."""
    return {
        "account_id": "345678901234",
        "name": "data-dev",
        "active": "on",
        "partition": "aws",
        "trust_method": "hub",
        **rows("roles", *roles, stored=stored),
        **columns,
    }


def permission_set(**columns: Any) -> dict[str, Any]:
    """Return a permission set's form, filled in."""
    return {
        "name": "Analyst",
        "iam_path": "/",
        "session_duration": "3600",
        "console": "on",
        "keys": "on",
        **columns,
    }


def mapping(*targets: dict[str, Any], stored: int = 0, **columns: Any) -> dict[str, Any]:
    """Return a mapping's form, filled in."""
    return {
        "name": "Analysts",
        "claim": "groups",
        "match": "exact",
        "value": "analysts",
        "console": "on",
        "keys": "on",
        "enabled": "on",
        **rows("targets", *targets, stored=stored),
        **columns,
    }


def send(client: Client, path: str, fields: dict[str, Any]) -> HttpResponse:
    """Send a form; what is None is left out."""
    return client.post(  # type: ignore[return-value]
        f"/admin/accounts/{path}",
        {name: value for name, value in fields.items() if value is not None},
    )


def complaints(response: HttpResponse) -> list[str]:
    """Return what a refused form complains about, as people read it."""
    assert response.status_code == 200, "the form was accepted"
    lists = re.findall(r'<ul class="errorlist.*?</ul>', response.content.decode(), re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", " ".join(lists), re.DOTALL)
    return [html.unescape(item) for item in items]


def errors_of(response: HttpResponse) -> dict[str, list[str]]:
    """Return a refused form's complaints by field."""
    assert response.status_code == 200, "the form was accepted"
    form = response.context["adminform"].form  # type: ignore[attr-defined]
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}
