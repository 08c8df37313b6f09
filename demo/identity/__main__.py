"""Run the provider as a process: `python -m demo.identity --port 8001`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from demo.identity.app import create_app
from demo.identity.identity_provider import IdentityProvider
from demo.identity.people_file import InvalidPeople
from demo.identity.users import API, COMMAND_LINE, OAuthClient, load_users
from demo.serving import bind

parser = argparse.ArgumentParser(prog="python -m demo.identity", description=__doc__)
parser.add_argument("--port", type=int, default=8001)
parser.add_argument("--portal", default="http://localhost:8000")
parser.add_argument("--people", type=Path, default=Path("demo/people.toml"))
parser.add_argument("--key", type=Path, help="where to keep the signing key")


def main() -> None:
    """Serve until stopped.

    The portal's client is OIDC_RP_CLIENT_ID with OIDC_RP_CLIENT_SECRET, as the portal has it; that of the
    command line is COMMAND_LINE, whose tokens are for the API.
    """
    options = parser.parse_args()
    portal = OAuthClient(
        os.environ.get("OIDC_RP_CLIENT_ID", "gatehouse"),
        secret=os.environ["OIDC_RP_CLIENT_SECRET"],
        portal=options.portal,
    )
    try:
        people = load_users(options.people)
    except InvalidPeople as problem:
        sys.exit(str(problem))
    provider = IdentityProvider(
        people=people,
        clients=[portal, OAuthClient(COMMAND_LINE, audience=API)],
        key_file=options.key,
    )
    running = bind(create_app(provider), port=options.port)
    provider.issuer = running.url
    running.run()


if __name__ == "__main__":
    main()
