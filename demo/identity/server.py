"""Serve the provider in a thread."""

from __future__ import annotations

from demo.identity.app import create_app
from demo.identity.identity_provider import IdentityProvider
from demo.serving import RunningServer, bind


def serve(provider: IdentityProvider, *, port: int = 0) -> RunningServer:
    """Serve in a thread; the provider's issuer is set to the server's URL."""
    running = bind(create_app(provider), port=port)
    provider.issuer = running.url
    running.start()
    return running
