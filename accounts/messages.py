"""What people are told, before it is in a language: whole sentences with named gaps, and the facts that fill them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template such as "%(role)s is not known." and its facts; `many` is the plural, chosen by the fact `count`."""

    one: str
    many: str
    facts: Mapping[str, Any]

    def filled(self, template: str, facts: Mapping[str, Any]) -> str:
        """Return a translation of the template with its gaps filled; without facts nothing is a gap, "100 %" included."""
        return template % facts if self.facts else template

    def __str__(self) -> str:
        template = self.many if self.many and self.facts["count"] != 1 else self.one
        return self.filled(template, {name: _in_english(fact) for name, fact in self.facts.items()})


@dataclass(frozen=True, init=False, slots=True)
class Message:
    """One or more sentences for people: `Message("%(role)s is not known.", role=name) + Message("Sign in again.")`.

    The template is written at the call, as a literal, for `make messages` collects it there. `str()` gives English,
    for the audit trail, logs and programs; `portal.wording` gives the reader's language. A fact is a text that is
    the same in all languages (a name, an id), a number, a `Duration`, a moment, or another message.
    """

    sentences: tuple[Sentence, ...]

    def __init__(self, template: str, /, **facts: Any) -> None:
        object.__setattr__(self, "sentences", (Sentence(template, "", facts),))

    @classmethod
    def counted(cls, one: str, many: str, /, *, count: int, **facts: Any) -> Message:
        """Return a sentence whose words depend on a number: "%(count)s role", "%(count)s roles"."""
        return cls._of((Sentence(one, many, {"count": count, **facts}),))

    @classmethod
    def _of(cls, sentences: tuple[Sentence, ...]) -> Message:
        message = cls.__new__(cls)
        object.__setattr__(message, "sentences", sentences)
        return message

    def __add__(self, other: Message) -> Message:
        return self._of(self.sentences + other.sentences)

    def __str__(self) -> str:
        return " ".join(map(str, self.sentences))

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of all sentences together."""
        return {name: fact for one in self.sentences for name, fact in one.facts.items()}


def _in_english(fact: Any) -> str:
    return f"{fact:,}" if isinstance(fact, int) else str(fact)
