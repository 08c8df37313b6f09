"""How many examples a property test tries, where each takes a while."""

from __future__ import annotations

from hypothesis import settings

USUAL, LONG = 100, 400
"""Of the two profiles in tests/conftest.py; `make test-long` takes the second."""


def examples(usual: int) -> int:
    """Return how many examples to try: as many as usual, or four times that in `make test-long`."""
    return usual * settings().max_examples // USUAL
