"""The issuer and the program of the API's tests."""

from __future__ import annotations

from tests.identity import (  # noqa: F401 - fixtures
    _publishing,
    publisher,
)
from tests.portal.api.conftest import (  # noqa: F401 - fixtures
    _counted_anew,
    issuer,
    program,
)
