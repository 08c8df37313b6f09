"""What stands before a portal at an https address: a reverse proxy that speaks TLS, with a certificate of its own."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demo import certificates

_OF_A_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "date", "server")


@contextmanager
def front(folder: Path, *, portal_port: int) -> Iterator[tuple[str, Path]]:
    """Forward https at a free port to a port of this machine; yield the address, and whom to trust for it."""
    certificate, key = certificates.make(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(portal_port)) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # In its own thread each, so that nobody waits for a handshake of somebody else.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}", certificate
        server.shutdown()
        thread.join()


def _handler(portal_port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in (*_OF_A_CONNECTION, "x-forwarded-proto")
            }
            headers["X-Forwarded-Proto"] = "https"
            behind = http.client.HTTPConnection("127.0.0.1", portal_port, timeout=30)
            behind.request(self.command, self.path, body=body or None, headers=headers)
            answer = behind.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (*_OF_A_CONNECTION, "content-length"):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            behind.close()

        do_HEAD = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
