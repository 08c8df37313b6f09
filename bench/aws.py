"""AWS and the identity provider of the bench: `python -m bench.aws ISSUER KEYS`.

It checks nothing and parses only what it must: what is measured is the portal. POST is answered as STS answers
AssumeRole, at `/after/MS` that many milliseconds later; GET is answered with the provider's documents.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

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
    """One kept connection, on which requests come one after the other."""

    documents: dict[bytes, bytes] = {}
    reply = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, _ = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or len(self._buffer) < len(head) + 4 + (int(length[1]) if length else 0):
            return
        self._buffer = b""
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            self._transport.write(_answer("application/json", self.documents.get(path, b"{}")))
            return
        milliseconds = int(path.strip(b"/").rpartition(b"/")[2] or 0)
        loop = asyncio.get_running_loop()
        loop.call_later(milliseconds / 1000, self._transport.write, self.reply)


def _answer(content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(issuer: str, keys: Path) -> None:
    discovery = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
    }
    Stub.documents = {
        b"/jwks": keys.read_bytes(),
        b"/.well-known/openid-configuration": json.dumps(discovery).encode(),
    }
    reply = _REPLY.format(
        secret="x" * 40, token="y" * 640, expiry=datetime.now(UTC) + timedelta(hours=1)
    )
    Stub.reply = _answer("text/xml", reply.encode())
    loop, port = asyncio.get_running_loop(), urlsplit(issuer).port
    server = await loop.create_server(Stub, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
