"""Run the embedded AWS as a process: `python -m demo.cloud --port 8002`."""

from __future__ import annotations

import argparse

from demo.cloud.federation import Cloud
from demo.cloud.server import bind_cloud

parser = argparse.ArgumentParser(prog="python -m demo.cloud", description=__doc__)
parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
parser.add_argument("--port", type=int, default=8002)
parser.add_argument(
    "--chained",
    action="store_true",
    help="refuse SessionDuration, as AWS does with keys from role chaining",
)


def main() -> None:
    """Serve until stopped."""
    options = parser.parse_args()
    bind_cloud(Cloud(chained=options.chained), host=options.host, port=options.port).run()


if __name__ == "__main__":
    main()
