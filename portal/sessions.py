"""Browser sessions in the database, found by a digest, so that a copy of the table opens no session."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone


class SessionStore(db.SessionStore):
    """Django's store, with SHA-256 of the cookie's key where Django keeps the key itself."""

    def load(self) -> dict[str, Any]:
        """Return what an open session holds; {} where there is none, and then it has no key."""
        found = Session.objects.filter(
            session_key=_digest(self.session_key), expire_date__gt=timezone.now()
        )
        stored = found.values_list("session_data", flat=True).first()
        if stored is None:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(stored)
        return data

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Return the row to be saved, under the digest."""
        row = super().create_model_instance(data)
        row.session_key = _digest(row.session_key)
        return row

    def exists(self, session_key: str) -> bool:
        """Whether a session with this key is there."""
        return super().exists(_digest(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session with this key, or this one."""
        key = session_key or self.session_key
        if key is not None:
            super().delete(_digest(key))

    def take(self) -> bool:
        """Delete this session; False where there is none, or another request was quicker."""
        return bool(Session.objects.filter(session_key=_digest(self.session_key)).delete()[0])


def _digest(key: str | None) -> str:
    # 160 bits fit Django's column; keys are random, so nothing is gained by guessing.
    return hashlib.sha256((key or "").encode()).hexdigest()[:40]
