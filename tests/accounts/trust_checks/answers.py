"""An AWS that answers as it is told, without a socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import trust
from accounts.aws import errors
from accounts.errors import GatehouseError
from accounts.types import Credentials, SessionRequest


class Answers:
    """Stands in for AWS: each role refuses with its error, or gives keys."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: dict[str, GatehouseError] = {}
        self.asked: list[SessionRequest] = []
        self.on_ask: Callable[[SessionRequest], Any] = lambda request: None
        monkeypatch.setattr(trust, "obtain", self.obtain)
        self.refusing_regions: dict[str, GatehouseError] = {}
        self.whose = ""
        monkeypatch.setattr("accounts.aws.existing_roles.arn_of", self.arn_of)
        monkeypatch.setattr("accounts.aws.existing_roles.find", self.not_readable)
        monkeypatch.setattr("accounts.aws.existing_roles.arn_of_hub", self.not_readable)

    def obtain(self, request: SessionRequest) -> Credentials:
        self.asked.append(request)
        self.on_ask(request)
        role = request.role
        if (error := self.errors.get(role.role_name)) is not None:
            raise error
        return Credentials(
            access_key_id=f"ASIA{len(self.asked):016}",
            secret_access_key="the-secret-part",
            session_token=f"{role.account_id}:assumed-role/{role.iam_role_name}",
            expires_at=timezone.now() + timedelta(minutes=15),
        )

    def arn_of(self, keys: Credentials, *, region: str) -> str:
        if (error := self.refusing_regions.get(region)) is not None:
            raise error
        return self.whose or f"arn:aws:sts::{keys.session_token}/carol"

    def not_readable(self, *arguments: Any, **named: Any) -> Any:
        raise errors.DENIED.error("GetRole")
