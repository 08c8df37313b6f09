"""Explain access: why somebody has a role, why not, and who can enter. It decides nothing: it asks what the door asks.

subjects  whom an explanation is about: a person seen before, or claims that somebody pasted
roles     what they have, and for one role, mapping by mapping, what gives it or what is missing
missing   what is missing for a mapping to give a role: in sentences
who       the other way: which people and which claim values can enter an account, a role, an environment
uses      who used it when, by the audit trail
rows      the answer to "who can" as rows, for files
"""

from __future__ import annotations

from accounts.explanations.roles import Explanation, RoleExplanation, explain, explain_role
from accounts.explanations.subjects import Asked, find_people, of_person, pasted
from accounts.explanations.who import Question, WhoCan, who_can

__all__ = [
    "Asked",
    "Explanation",
    "Question",
    "RoleExplanation",
    "WhoCan",
    "explain",
    "explain_role",
    "find_people",
    "of_person",
    "pasted",
    "who_can",
]
