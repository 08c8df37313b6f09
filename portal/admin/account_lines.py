"""The accounts that a mapping names, as lines of one field: rows of a form would be too many for a browser and a request."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accounts.models import Account, Mapping, MappingTarget
from accounts.models.mappings import TargetKind
from portal.admin.fields import LinesField

MOST_ROWS = 20
"""A mapping that names more accounts than this has them as lines."""
_MOST_NAMES = 2_000
_SHOWN_FAULTS = 5


def account_targets(mapping: Mapping) -> QuerySet[MappingTarget]:
    """Return the targets of a mapping that name one account each."""
    targets = MappingTarget.objects.filter(mapping=mapping, kind=TargetKind.ACCOUNT)
    return targets.select_related("account").order_by("account__name", "pk")


def are_lines(mapping: Mapping) -> bool:
    """Whether the accounts of a stored mapping are lines of one field, not rows."""
    return not mapping._state.adding and account_targets(mapping).count() > MOST_ROWS


def lines(targets: QuerySet[MappingTarget]) -> list[str]:
    """Return a line for each account: its id and, unless there are very many, its name."""
    accounts = [target.account for target in targets if target.account is not None]
    named = len(accounts) <= _MOST_NAMES
    return [f"{one.account_id} {one.name}" if named else one.account_id for one in accounts]


class AccountLinesField(LinesField):
    """Accounts, one per line: an id, which its name may follow."""

    widget = forms.Textarea(attrs={"rows": 6, "cols": 60, "spellcheck": "false"})

    def clean(self, value: Any) -> list[Account]:
        """Return the accounts in the order of the lines, each once, read in one query.

        Raises:
            ValidationError: a line has no id of an account of the portal; it names the first such lines.
        """
        ids = {line: line.split()[0].replace("-", "") for line in super().clean(value)}
        # Any text may have been typed: PostgreSQL takes no NUL, and ids have 12 digits.
        possible = [one for one in ids.values() if len(one) == 12 and one.isascii()]
        known = Account.objects.in_bulk(possible, field_name="account_id")
        unknown = [line for line, one in ids.items() if one not in known]
        if unknown:
            more = len(unknown) - _SHOWN_FAULTS
            raise ValidationError(
                [
                    f"“{line}”: no account of this portal has this id. Begin each line with the id of an account."
                    for line in unknown[:_SHOWN_FAULTS]
                ]
                + ([f"And {more:,} more lines without one."] if more > 0 else [])
            )
        return [known[one] for one in dict.fromkeys(ids.values())]


def accounts_of(mapping: Mapping) -> frozenset[Account]:
    """Return the accounts that a mapping names one by one."""
    return frozenset(target.account for target in account_targets(mapping) if target.account)


def save_lines(
    mapping: Mapping, accounts: Collection[Account], *, before: Collection[Account]
) -> None:
    """Store the accounts of the lines as targets; `before` has those that were lines when the form was read."""
    account_targets(mapping).filter(account__in={*before} - {*accounts}).delete()
    stored = accounts_of(mapping)
    MappingTarget.objects.bulk_create(
        [
            MappingTarget(mapping=mapping, kind=TargetKind.ACCOUNT, account=one)
            for one in accounts
            if one not in stored
        ],
        batch_size=500,
    )
