"""English dates, as `accounts.moments` says moments."""

from __future__ import annotations

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = r"j F Y, H:i \U\T\C"
