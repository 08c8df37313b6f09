"""Lists in pages of `limit` items; each page begins after the last item of the previous one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ninja import Schema
from pydantic import Field

from portal.api.v1.schemas import FilterText

T = TypeVar("T")

MAX_LIMIT = 200


class PageParams(Schema):
    """Which page of a list."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="The most items of a page.")
    after: FilterText | None = Field(None, description="The `next` of the previous page.")


def page_of(
    found: Sequence[T], *, limit: int, key: Callable[[T], str], serialize: Callable[[T], Any]
) -> dict[str, Any]:
    """Return a page; `found` holds one item more than `limit` if there is another page."""
    shown = found[:limit]
    return {
        "items": [serialize(item) for item in shown],
        "next": key(shown[-1]) if len(found) > limit else None,
    }
