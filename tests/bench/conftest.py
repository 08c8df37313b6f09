"""The program of the API's tests."""

from __future__ import annotations

from tests.portal.api.conftest import program  # noqa: F401 - a fixture
