"""An embedded AWS for the demo and tests: an STS that means its trust policies in front of moto, and a stand-in console.

    cloud = Cloud()                            # trusting=True lets everybody assume any role, as moto does
    with serve(cloud) as server:               # demo.cloud.server; port=0 picks a free one
        server.url                             # for AWS_ENDPOINT_URL_STS and AWS_FEDERATION_ENDPOINT

guard            what comes before moto: who signed, and whether a session may still do that
token_service    AssumeRole and AssumeRoleWithWebIdentity
identity_tokens  web identity tokens, verified by the keys that their issuer publishes (issuers)
policies         trust and other policies, with their conditions (conditions) and who is named (callers, signatures, decisions)
federation       the console's sign-in, and switching roles there
published        the portal's documents as an issuer, over TLS

As a process: `python -m demo.cloud --port 8002`.
"""

from __future__ import annotations

from demo.cloud.federation import Cloud

__all__ = ["Cloud"]
