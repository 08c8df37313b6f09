"""Run the embedded AWS as a process: `python -m demo.cloud --port 8002`."""

from __future__ import annotations

import argparse

from demo.cloud.federation import Cloud
from demo.cloud.identity_tokens import Issuers
from demo.cloud.server import bind_cloud
from demo.cloud.token_service import TokenService

parser = argparse.ArgumentParser(prog="python -m demo.cloud", description=__doc__)
parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
parser.add_argument("--port", type=int, default=8002)
parser.add_argument(
    "--chained",
    action="store_true",
    help="refuse SessionDuration, as AWS does with keys from role chaining",
)
parser.add_argument(
    "--trusting",
    action="store_true",
    help="let everybody assume any role, whether it exists or not",
)
parser.add_argument(
    "--ca-file", default="", help="the certificate of an issuer of web identity tokens, in PEM"
)
parser.add_argument(
    "--plain-issuer", action="append", default=[], help="an issuer on this machine that has no TLS"
)


def main() -> None:
    """Serve until stopped."""
    options = parser.parse_args()
    issuers = Issuers(ca_file=options.ca_file, plain=frozenset(options.plain_issuer))
    cloud = Cloud(
        chained=options.chained, trusting=options.trusting, tokens=TokenService(issuers=issuers)
    )
    bind_cloud(cloud, host=options.host, port=options.port).run()


if __name__ == "__main__":
    main()
