"""Serve the provider in a thread, for tests."""

from __future__ import annotations

from demo.identity.app import create_app
from demo.identity.identity_provider import IdentityProvider
from demo.serving import Running, bind


def serve(provider: IdentityProvider, *, port: int = 0) -> Running:
    """Start answering; the provider's issuer becomes the server's address."""
    running = bind(create_app(provider), port=port)
    provider.issuer = running.url
    running.start()
    return running
