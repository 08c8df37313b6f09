"""Serve the embedded AWS."""

from __future__ import annotations

from moto.moto_server.werkzeug_app import MotoRequestHandler

from demo.cloud.app import create_app
from demo.cloud.federation import Cloud
from demo.serving import QuietHandler, RunningServer, bind


class Handler(QuietHandler, MotoRequestHandler):
    """moto's handler, without a log."""


def bind_cloud(cloud: Cloud, *, host: str = "127.0.0.1", port: int = 0) -> RunningServer:
    """Bind a port; the embedded AWS does not answer yet."""
    return bind(create_app(cloud), host=host, port=port, handler=Handler)


def serve(cloud: Cloud, *, port: int = 0) -> RunningServer:
    """Serve in a thread."""
    running = bind_cloud(cloud, port=port)
    running.start()
    return running
