"""Before, not after: a form or an action that changes whose access shows that first, and asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts import revisions
from accounts.access_changes import AccessChanges, Trial

CONFIRMED_FIELD, BACK_FIELD = "_confirmed", "_back"
"""The form fields of the page that asks: a hash of what it showed, and the button that leads back to the form."""
_OWN_FIELDS = frozenset({CONFIRMED_FIELD, BACK_FIELD, "csrfmiddlewaretoken"})

Response = TypeVar("Response", bound=HttpResponse | None)


class ConfirmsAccess(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page of the directory whose changes are tried first, compared for each person seen, and then asked about.

    Everything that is sent runs in one transaction. If somebody gains or loses a role by it, it is undone
    unless the form carries the hash of exactly these gains and losses, compared with the same directory.
    """

    # Actions that change nothing in the directory, and may wait for AWS.
    actions_without_change: ClassVar[tuple[str, ...]] = ()

    # Whether what is changed here are mappings and nothing else.
    changes_only_rules: ClassVar[bool] = False

    delete_confirmation_template = "admin/accounts/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/accounts/delete_selected_confirmation.html"

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form; after the way back, one that is shown again as it was and never saved."""
        form = super().get_form(request, obj, change, **kwargs)
        if BACK_FIELD not in request.POST:
            return form
        return type(form.__name__, (form,), {"is_valid": lambda _: False})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Save a form once its consequences are confirmed."""
        view = super().changeform_view
        if request.method != "POST" or BACK_FIELD in request.POST:
            return view(request, object_id, form_url, extra_context)
        return self._once_confirmed(
            request, lambda: view(request, object_id, form_url, extra_context)
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show on Django's own page what a deletion changes; delete once that is confirmed."""
        view = super().delete_view
        if request.method == "POST":
            return self._once_confirmed(request, lambda: view(request, object_id, extra_context))
        response = view(request, object_id, extra_context)
        return self._showing_deletion(response, self.model._default_manager, unquote(object_id))

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Carry out an action on chosen rows once its consequences are confirmed."""
        act = partial(super().response_action, request, queryset, *args, **kwargs)
        if self._chosen_action(request) in self.actions_without_change:
            return act()
        response = self._once_confirmed(request, act)
        chosen = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
        return self._showing_deletion(response, queryset, *chosen)

    def _once_confirmed(
        self, request: HttpRequest, make: Callable[[], Response]
    ) -> Response | HttpResponse:
        if self.model not in revisions.WATCHED:
            return make()
        with transaction.atomic():
            trial = Trial(now=timezone.now(), only_rules=self.changes_only_rules)
            response = make()
            changes = trial.changes()
            if changes is None:
                return response
            if not changes and not changes.cut:
                messages.info(request, f"Nobody seen so far gains or loses a role. {changes.reach}")
                return response
            sent = request.POST.get(CONFIRMED_FIELD, "")
            if sent == trial.mark_of(changes):
                return response
            transaction.set_rollback(True)
        # What was said of a change that did not happen is not said.
        list(messages.get_messages(request))
        return self._ask(request, changes, trial.mark_of(changes), differs=bool(sent))

    def _ask(
        self, request: HttpRequest, changes: AccessChanges, mark: str, *, differs: bool
    ) -> HttpResponse:
        fields = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in _OWN_FIELDS
            for value in values
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Confirm whose access changes",
            "opts": self.opts,
            "access": changes,
            "access_mark": mark,
            "differs": differs,
            "fields": fields,
            "has_form": helpers.ACTION_CHECKBOX_NAME not in request.POST
            and "post" not in request.POST,
            "form_path": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/accounts/confirm.html", context)

    def _showing_deletion(self, response: Response, among: Any, *pks: str) -> Response:
        """Add to Django's page that asks about a deletion whose access it changes."""
        context = getattr(response, "context_data", None) or {}
        asks = {"deleted_objects", "deletable_objects"} & context.keys()
        if not asks or self.model not in revisions.WATCHED or context.get("protected"):
            return response
        with transaction.atomic():
            trial = Trial(now=timezone.now(), only_rules=self.changes_only_rules)
            try:
                self.model._default_manager.filter(
                    pk__in=among.filter(pk__in=pks).values_list("pk", flat=True)
                ).delete()
            except (
                ProtectedError
            ):  # pragma: no cover - only where somebody else refers to it meanwhile
                transaction.set_rollback(True)
                return response
            changes = trial.changes()
            transaction.set_rollback(True)
        if changes is not None:
            context |= {"access": changes, "access_mark": trial.mark_of(changes)}
        return response

    def _chosen_action(self, request: HttpRequest) -> str:
        """Return the name of the action whose button was pushed, as Django finds it."""
        names = request.POST.getlist("action")
        try:
            return names[int(request.POST.get("index", 0))]
        except (ValueError, IndexError):
            return ""
