"""One call of STS over a kept connection: less than half of what a boto3 client's call costs (decision 13).

What boto3 has found out is used as it is: credentials, endpoint, signing region, user agent. What
botocore does with a call's parts is left to it: serializing, signing, reading the reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.parsers import QueryParser, ResponseParserError
from botocore.serialize import create_serializer
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as NoAnswer

from accounts.aws import failures, meanings
from accounts.aws.patience import Gate, patiently

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.model import OperationModel, StructureShape
    from mypy_boto3_sts import STSClient

_OPERATION = "AssumeRole"
_SERIALIZER = create_serializer("query", include_validation=False)
# botocore's own reading of times takes as long as all the rest of a reply.
_PARSER = QueryParser(timestamp_parser=datetime.fromisoformat)


@dataclass(frozen=True, slots=True)
class Way:
    """Kept connections to STS, and how it is named on them: by path, or to a proxy by its whole URL."""

    connections: urllib3.PoolManager | urllib3.HTTPConnectionPool
    target: str


@dataclass(frozen=True, slots=True)
class Caller:
    """STS in one region, as the hub calls it. Safe to share among threads, not across a fork."""

    url: str
    host: str
    region: str
    user_agent: str
    operation: OperationModel
    credentials: Credentials
    way: Way
    gate: Gate = field(default_factory=Gate)

    def assume_role(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what STS answers, as a boto3 client would.

        Raises:
            GatehouseError: STS said no, did not answer in time, or answered nonsense.
        """
        with self.gate.passed():
            return patiently(partial(self._try, request))

    def _try(self, request: Mapping[str, Any], connect: float, read: float) -> Mapping[str, Any]:
        response = self._send(self._signed(request), urllib3.Timeout(connect=connect, read=read))
        reply = self._read(response)
        if response.status > 300:
            raise failures.explain(ClientError(reply, _OPERATION))
        return dict(reply)

    def _signed(self, request: Mapping[str, Any]) -> AWSRequest:
        serialized = _SERIALIZER.serialize_to_request(dict(request), self.operation)
        signed = AWSRequest(
            method="POST",
            url=self.url,
            data=urlencode(serialized["body"]).encode(),
            headers={
                **serialized["headers"],
                "User-Agent": self.user_agent,
                "Host": self.host,
            },
        )
        try:
            SigV4Auth(self.credentials.get_frozen_credentials(), "sts", self.region).add_auth(
                signed
            )
        except BotoCoreError as error:  # The hub's own keys had to be renewed, and could not be.
            raise failures.explain(error) from None
        return signed

    def _send(self, signed: AWSRequest, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        try:
            return self.way.connections.urlopen(
                "POST",
                self.way.target,
                body=signed.data,
                headers=dict(signed.headers.items()),
                timeout=timeout,
                retries=False,
                redirect=False,
            )
        except (HTTPError, OSError) as error:
            # Their texts may quote a proxy's password.
            late = isinstance(error, NoAnswer) and not isinstance(error, NewConnectionError)
            meaning = meanings.TIMEOUT if late else meanings.UNREACHABLE
            raise meaning.told(f"{type(error).__name__}: {failures.origin(self.url)}") from None

    def _read(self, response: urllib3.BaseHTTPResponse) -> Any:
        received = {
            "status_code": response.status,
            "headers": response.headers,
            "body": response.data,
        }
        try:
            # Every model of STS has one here; the type is that of any operation.
            return _PARSER.parse(received, cast("StructureShape", self.operation.output_shape))
        except (ResponseParserError, ValueError, LookupError) as error:
            # All that botocore's parser raises on replies STS never sends. The text may quote the reply.
            raise meanings.BAD_REPLY.told(type(error).__name__) from None


def caller(
    client: STSClient, *, credentials: Credentials, certificates: str | None, most: int
) -> Caller:
    """Return what calls STS as this client would, over at most so many kept connections.

    `certificates` is a file of authorities; None stands for those that boto3 brings along.
    """
    # A signed URL, made without asking anybody, holds what botocore decides anew for each call.
    parts = urlsplit(
        client.generate_presigned_url(
            "assume_role",
            Params={"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "none"},
        )
    )
    # <key id>/<date>/<region>/sts/aws4_request
    _, region, _, _ = parse_qs(parts.query)["X-Amz-Credential"][0].rsplit("/", 3)
    url = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return Caller(
        url=url,
        host=parts.netloc,
        region=region,
        user_agent=client.meta.config.user_agent,  # type: ignore[attr-defined]  # Not in the stubs.
        operation=client.meta.service_model.operation_model(_OPERATION),
        credentials=credentials,
        way=_way(url, certificates=certificates, most=most),
    )


def _way(url: str, *, certificates: str | None, most: int) -> Way:
    options: dict[str, Any] = {
        "maxsize": most,
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": certificates or get_cert_path(True),
    }
    proxies = ProxyConfiguration(get_environ_proxies(url))
    if proxy := proxies.proxy_url_for(url):
        proxied = urllib3.ProxyManager(
            proxy, proxy_headers=proxies.proxy_headers_for(proxy), **options
        )
        return Way(proxied, url)
    direct = urllib3.PoolManager(**options).connection_from_url(url)
    return Way(direct, urlsplit(url).path or "/")
