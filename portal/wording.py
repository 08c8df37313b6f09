"""Words in the reader's language: messages of the domain, durations, numbers and moments.

Which language that is, `portal.languages` has decided for the request. In English the words are those of `str()`,
which the audit trail and programs get.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import formats
from django.utils.translation import gettext, ngettext, pgettext

from accounts.durations import Duration
from accounts.messages import Message, Sentence


def in_words(message: Message) -> str:
    """Return what a message says, its facts included."""
    # Translators: between two sentences; nothing in Japanese. Keep the dot: it is the end of the sentence before.
    between = pgettext("between two sentences", ". ").removeprefix(".")
    return between.join(map(_sentence, message.sentences))


def number(value: int) -> str:
    """Return "1,200" in English, "1.200" in German."""
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def duration(seconds: int) -> str:
    """Return a duration rounded down to minutes: "1 hour 30 minutes"."""
    hours, minutes = divmod(max(seconds, 0) // 60, 60)
    if not (hours or minutes):
        return gettext("less than a minute")
    in_hours = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": number(hours)}
    in_minutes = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {
        "count": number(minutes)
    }
    if hours and minutes:
        # Translators: such as "1 hour" and "30 minutes".
        return gettext("%(hours)s %(minutes)s") % {"hours": in_hours, "minutes": in_minutes}
    return in_hours if hours else in_minutes


def moment(value: datetime, *, seconds: bool = False) -> str:
    """Return "28 November 2026, 18:00 UTC", with the date as the language has it."""
    day = formats.date_format(value.astimezone(UTC), "DATE_FORMAT")
    time = f"{value.astimezone(UTC):{'%H:%M:%S' if seconds else '%H:%M'} UTC}"
    # Translators: a moment, such as "28 November 2026" and "18:00 UTC".
    return gettext("%(day)s, %(time)s") % {"day": day, "time": time}


def _sentence(sentence: Sentence) -> str:
    if sentence.many:
        template = ngettext(sentence.one, sentence.many, sentence.facts["count"])
    else:
        template = gettext(sentence.one) if sentence.one else ""
    return sentence.filled(template, {name: _fact(fact) for name, fact in sentence.facts.items()})


def _fact(fact: Any) -> str:
    match fact:
        case Message():
            return in_words(fact)
        case Duration():
            return duration(fact.seconds)
        case datetime():
            return moment(fact)
        case int():
            return number(fact)
    return str(fact)
