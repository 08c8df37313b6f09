"""An OpenID provider for the demo and for tests: real protocol by Authlib, no passwords, faults on demand.

    provider = IdentityProvider(people=[User("alice", groups=("payments",))],
                        clients=[OAuthClient("gatehouse", secret="…", portal="http://localhost:8000")])
    with serve(provider) as server:            # demo.identity.server; port=0 picks a free one
        server.url                             # the issuer; server.stop() ends it

    provider.change("alice", groups=("storefront",))   # or email=, claims={"roles": […]}, disabled=True
    provider.rotate_keys()                     # a new key and `kid`; keep_old=True publishes both
    provider.hits["jwks"]                      # how often each endpoint was asked
    provider.end_sessions("alice")             # signed out at the provider: refresh and prompt=none fail

    with provider.misbehaving(claims={"iss": "https://evil.example"}):   # demo.identity.misbehaviour
        …                                      # also: slow, status, not_json, clock, header, algorithm, …

A person signs in by posting `username` to the address of the sign-in page; `cancel` refuses.
As a process: `python -m demo.identity --port 8001 --portal http://localhost:8000`.
"""

from __future__ import annotations

from demo.identity.identity_provider import IdentityProvider
from demo.identity.misbehaviour import Misbehaviour
from demo.identity.users import OAuthClient, User

__all__ = ["IdentityProvider", "Misbehaviour", "OAuthClient", "User"]
