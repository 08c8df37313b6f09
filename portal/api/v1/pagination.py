"""Lists in parts: `limit` items at a time, each part beginning after the last item of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ninja import Schema
from pydantic import Field

from portal.api.v1.schemas import FilterText

T = TypeVar("T")

MAX_LIMIT = 200


class PageParams(Schema):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="How many items at most.")
    after: FilterText | None = Field(None, description="The `next` of the part before.")


def page_of(
    found: Sequence[T], *, limit: int, key: Callable[[T], str], shape: Callable[[T], Any]
) -> dict[str, Any]:
    """Return a part, made of one item more than asked for: that there is one says that there is more."""
    shown = found[:limit]
    return {
        "items": [shape(item) for item in shown],
        "next": key(shown[-1]) if len(found) > limit else None,
    }
