"""`python -m gatehouse_client` is `gatehouse`."""

from __future__ import annotations

import sys

from gatehouse_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
