"""AWS and the identity provider of the API's bench, answering at once or after a while: `python -m bench.aws PORT KEYS`.

Nothing is checked and nothing parsed that need not be: what is measured is the portal. `/after/MS`
is an STS that takes so many milliseconds; GET answers the provider's documents, and at `/seen` how many
connections and calls there were.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

_REPLY = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROA123EXAMPLE123:alice-northwind.example-abcdefghijkl</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/ReadOnly/alice-northwind.example-abcdefghijkl</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIABENCHBENCHBENCHX</AccessKeyId>
      <SecretAccessKey>{secret}</SecretAccessKey>
      <SessionToken>{token}</SessionToken>
      <Expiration>{expiry:%Y-%m-%dT%H:%M:%SZ}</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
"""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Stub(asyncio.Protocol):
    """One kept connection: requests come one after the other."""

    seen = {"connections": 0, "calls": 0}
    pages: dict[bytes, bytes] = {}
    reply = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._buffer += data
        head, found, _ = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = _LENGTH.search(head)
        if len(self._buffer) < len(head) + 4 + (int(length[1]) if length else 0):
            return
        self._buffer = b""
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            self._get(path)
        else:
            self._assume_role(path)

    def _get(self, path: bytes) -> None:
        page = json.dumps(self.seen).encode() if path == b"/seen" else self.pages.get(path, b"{}")
        self._transport.write(_answer("application/json", page))

    def _assume_role(self, path: bytes) -> None:
        self.seen["calls"] += 1
        if not hasattr(self, "_counted"):
            self._counted = True
            self.seen["connections"] += 1
        if milliseconds := int(path.strip(b"/").rpartition(b"/")[2] or 0):
            loop = asyncio.get_running_loop()
            loop.call_later(milliseconds / 1000, self._transport.write, self.reply)
        else:
            self._transport.write(self.reply)


def _answer(content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(port: int, keys: Path) -> None:
    issuer = f"http://localhost:{port}"
    Stub.pages = {
        b"/jwks": keys.read_bytes(),
        b"/.well-known/openid-configuration": json.dumps(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
            }
        ).encode(),
    }
    reply = _REPLY.format(
        secret="x" * 40, token="y" * 640, expiry=datetime.now(UTC) + timedelta(hours=1)
    )
    Stub.reply = _answer("text/xml", reply.encode())
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
