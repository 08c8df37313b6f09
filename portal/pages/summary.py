"""Say in a line what somebody has and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from accounts.types import Entitlement
from portal.pages import humanize
from portal.wording import number


@dataclass(frozen=True, slots=True)
class Summary:
    """ "2 accounts, 3 roles for your group payments", in parts.

    It is remembered, also when its reader changes the language: the words are made where they are shown.
    """

    account_count: int
    role_count: int
    source: str
    given_by: tuple[str, ...]
    more: int

    @property
    def accounts(self) -> str:
        """Return "2 accounts"."""
        return _counted(
            ngettext("%(count)s account", "%(count)s accounts", self.account_count),
            self.account_count,
        )

    @property
    def roles(self) -> str:
        """Return "3 roles"."""
        return _counted(
            ngettext("%(count)s role", "%(count)s roles", self.role_count), self.role_count
        )

    @property
    def values(self) -> SafeString:
        """Return the values of claims as HTML: "payments and platform"."""
        return _listed(self.given_by, self.more)


def summary(granted: Sequence[Entitlement]) -> Summary:
    """Count these entitlements and name the claim values that gave them."""
    given = {
        (reason.claim, reason.value) for entitlement in granted for reason in entitlement.reasons
    }
    claims = {claim.rpartition(".")[2].rpartition("/")[2] for claim, _ in given}
    source = claims.pop() if len(claims) == 1 else ""
    source = source if source in ("groups", "roles") else "claims"
    values, more = humanize.shortened(sorted({value for _, value in given}))
    return Summary(
        account_count=len({entitlement.role.account_id for entitlement in granted}),
        role_count=len(granted),
        source=source.removesuffix("s") if len(values) == 1 else source,
        given_by=tuple(values),
        more=more,
    )


def _counted(template: str, count: int) -> str:
    return template % {"count": number(count)}


def _listed(values: Sequence[str], more: int) -> SafeString:
    """Return "a, b and c", or "a, b, c and 2 more"."""
    marked = [format_html('<span class="mono">{}</span>', value) for value in values]
    if more:
        last = format_html("{}", gettext("%(count)s more") % {"count": number(more)})
    elif len(marked) < 2:
        return format_html_join("", "{}", ((one,) for one in marked))
    else:
        last = marked.pop()
    first = format_html_join(", ", "{}", ((one,) for one in marked))
    # Translators: the last two of a list, such as "a, b" and "c".
    return format_html(gettext("{first} and {last}"), first=first, last=last)
