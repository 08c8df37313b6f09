"""How templates show names of others, and moments."""

from __future__ import annotations

from datetime import datetime

from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.visible import visible as make_visible
from portal import wording

register = Library()


@register.filter
def visible(value: object) -> str:
    """Return a name with its invisible and direction-changing characters marked."""
    return make_visible(str(value))


register.filter("in_words", wording.in_words)
register.filter("number", wording.number)


@register.simple_tag
def moment(value: datetime | None, seconds: bool = False) -> SafeString | str:
    """Return a moment in UTC; clock.js puts it into the reader's time zone."""
    if value is None:
        return "-"
    return format_html(
        '<time data-moment{} datetime="{}">{}</time>',
        SafeString('="seconds"') if seconds else "",
        value.isoformat(),
        wording.moment(value, seconds=seconds),
    )
