"""Signature Version 4 of requests, checked as AWS does, but for the age of the signature.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from werkzeug.wrappers import Request

from demo.cloud.answers import Refused

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request), ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class Signature:
    """What the Authorization header of a request says."""

    access_key_id: str
    scope: str
    service: str
    signed_headers: str
    value: str

    @classmethod
    def of(cls, request: Request) -> Signature | None:
        """Return the signature of a request, None if it has none."""
        match = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        return cls(*match.groups()) if match else None

    def check(self, request: Request, secret: str) -> None:
        """Compare the signature with the one that a secret access key makes.

        Raises:
            Refused: it is another.
        """
        canonical = hashlib.sha256(self._canonical(request).encode()).hexdigest()
        moment = request.headers.get("X-Amz-Date", "")
        to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, self.scope, canonical])
        key = f"AWS4{secret}".encode()
        for part in (*self.scope.split("/"), to_sign):
            key = hmac.digest(key, part.encode(), "sha256")
        if not hmac.compare_digest(key.hex(), self.value):
            raise Refused(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS "
                "Secret Access Key and signing method. Consult the service documentation for details.",
                status=403,
            )

    def _canonical(self, request: Request) -> str:
        path = request.environ["RAW_URI"].partition("?")[0]
        query = sorted(
            (quote(name, _UNRESERVED), quote(value, _UNRESERVED))
            for name, value in parse_qsl(request.query_string.decode(), keep_blank_values=True)
        )
        headers = self.signed_headers.split(";")
        content = hashlib.sha256(request.get_data()).hexdigest()
        return "\n".join(
            [
                request.method,
                # S3 alone signs the path as it is sent.
                path if self.service == "s3" else quote(path, f"/{_UNRESERVED}"),
                "&".join(f"{name}={value}" for name, value in query),
                *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in headers),
                "",
                self.signed_headers,
                # Uploads to S3 may leave the content unsigned.
                request.headers.get("X-Amz-Content-SHA256", content),
            ]
        )
