"""The groups of a person from the provider's directory, where its tokens do not hold them.

Asked at a sign-in and whenever its claims are verified again, so what comes counts for CLAIMS_MAX_AGE like
all claims: it is stored with them. A source that fails lets nobody in with fewer groups than they have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from accounts.oidc.group_sources import entra, google

Source = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Takes the claims of a person, and returns them with all of the person's groups in `groups`; raises ProviderUnavailable or
ProviderMisconfigured if it cannot say them all."""

SOURCES: Mapping[str, Source] = {"entra": entra.completed, "google": google.completed}
"""By the value of GROUP_SOURCE."""


def completed(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with the person's groups from GROUP_SOURCE; as they are without one, or where they are complete.

    Raises:
        ProviderUnavailable: the directory gave no whole answer.
        ProviderMisconfigured: it does not know the portal, or the person.
    """
    source = SOURCES.get(settings.GROUP_SOURCE)
    return source(claims) if source and claims else dict(claims)
