"""A certificate for localhost, for a test to trust, or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo import certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody vouches for, and its key."""
    return certificates.make(tmp_path_factory.mktemp("tls"))
