"""What the worker does, has done, and could not do: to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Job
from portal.admin.read_only import ReadOnlyAdmin


class JobStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(state, state) for state in ("due", "waiting", "running", "done", "given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        now = timezone.now()
        unfinished = queryset.filter(finished_at=None)
        running = Q(leased_until__gt=now)
        match self.value():
            case "due":
                return unfinished.filter(due_at__lte=now).exclude(running)
            case "waiting":
                return unfinished.filter(due_at__gt=now).exclude(running)
            case "running":
                return unfinished.filter(running)
            case "done":
                return queryset.filter(finished_at__isnull=False, given_up=False)
            case "given up":
                return queryset.filter(given_up=True)
        return queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("kind", "key", "state", "due_at", "attempts", "last_error", "finished_at")
    list_filter = (JobStateFilter, "kind")
    search_fields = ("kind", "key", "last_error")
    fields = (
        "id",
        *("kind", "key", "payload", "state", "added_at", "due_at", "leased_until"),
        *("attempts", "last_error", "finished_at"),
    )

    @admin.display(description="state")
    def state(self, job: Job) -> str:
        return job.state(timezone.now())
