"""Serve the embedded AWS, in a thread for tests."""

from __future__ import annotations

from moto.moto_server.werkzeug_app import MotoRequestHandler

from demo.cloud.app import create_app
from demo.cloud.federation import Cloud
from demo.serving import QuietHandler, Running, bind


class Handler(QuietHandler, MotoRequestHandler):
    """moto's handling of headers, without a log."""


def bind_cloud(cloud: Cloud, *, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Take a port for the embedded AWS; it does not answer yet."""
    return bind(create_app(cloud), host=host, port=port, handler=Handler)


def serve(cloud: Cloud, *, port: int = 0) -> Running:
    """Start answering in a thread."""
    running = bind_cloud(cloud, port=port)
    running.start()
    return running
