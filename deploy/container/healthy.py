"""Ask the portal in this container whether it is well; exit 1 when it is not."""

from __future__ import annotations

import http.client
import os
import sys
from urllib.parse import urlsplit

# The portal answers to its own name only.
name = urlsplit(os.environ.get("BASE_URL", "")).netloc or "localhost"  # noqa: TID251 (the container's own check)
port = int(os.environ.get("BIND", ":8000").rpartition(":")[2])  # noqa: TID251

try:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request("GET", "/healthz", headers={"Host": name})
    status = connection.getresponse().status
except OSError as error:
    sys.exit(f"no answer: {error}")
sys.exit(0 if status == 200 else f"/healthz answered {status}")
