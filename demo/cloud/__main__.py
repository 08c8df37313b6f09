"""Run the embedded AWS as a process: `python -m demo.cloud --port 8002`."""

from __future__ import annotations

import argparse
from pathlib import Path

from demo import certificates
from demo.cloud.federation import Cloud
from demo.cloud.issuers import Issuers
from demo.cloud.published import documents_of
from demo.cloud.server import bind_cloud
from demo.cloud.token_service import TokenService
from demo.serving import bind

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
    "--publish", help="the portal whose two documents as an issuer are published over TLS as well"
)
parser.add_argument("--publish-port", type=int, default=8003)
parser.add_argument(
    "--certificate", help="for that: a folder for a new certificate, which AWS then trusts"
)
parser.add_argument(
    "--plain-issuer", action="append", default=[], help="an issuer on this machine that has no TLS"
)
parser.add_argument(
    "--signed-in-with",
    default="",
    help="the role that people have in the console before they switch",
)


def main() -> None:
    """Serve until stopped."""
    options = parser.parse_args()
    issuers = Issuers(plain=frozenset(options.plain_issuer))
    if options.publish:
        certificate = certificates.make(Path(options.certificate))
        issuers.ca_file = str(certificate[0])
        documents = documents_of(options.publish)
        bind(
            documents, host=options.host, port=options.publish_port, certificate=certificate
        ).start()
    cloud = Cloud(
        chained=options.chained,
        trusting=options.trusting,
        tokens=TokenService(issuers=issuers),
        signed_in_with=options.signed_in_with,
    )
    bind_cloud(cloud, host=options.host, port=options.port).run()


if __name__ == "__main__":
    main()
