"""The language of a page: what its reader prefers, else what this browser was set to here, else what it asks for.

The admin, the API, the wire of AWS's tools, the audit trail and the logs are in English.
"""

from __future__ import annotations

from django.utils import translation

from accounts.models import Person
from accounts.preferences import preferences_of


def activate_preferred(person: Person) -> None:
    """Go on in somebody's language, where they prefer one, until `portal.middleware.BrowserLanguage` ends it.

    Preferences come with the sign-in: this asks no database.
    """
    preferred = preferences_of(person).language
    if preferred and translation.check_for_language(preferred):
        translation.activate(preferred)
