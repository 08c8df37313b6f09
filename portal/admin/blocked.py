"""Lists that say who is blocked: the blocks of all rows of a page in as many queries as of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts.models import Block


class ShowsBlocks(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page of people, or of what acts for them."""

    def blocks_of_each(self, rows: Sequence[Any]) -> Mapping[Any, list[Block]]:
        """Return the blocks that reach each row, by primary key."""
        raise NotImplementedError

    def blocks_of(self, row: models.Model) -> list[Block]:
        """Return the blocks that reach a row: of a list those found before, else by asking."""
        found = getattr(row, "reached_by", None)
        return self.blocks_of_each([row]).get(row.pk, []) if found is None else list(found)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Find the blocks of all rows of the list."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        found = self.blocks_of_each(changelist.result_list)
        for row in changelist.result_list:
            row.reached_by = found.get(row.pk, [])
        return changelist
