"""One call of STS over a kept connection: a fraction of what a boto3 client's call costs (decisions 13 and 31).

What boto3 has found out is used as it is: credentials, endpoint, signing region, user agent. What
botocore does with a call's parts is left to it: serializing, signing, reading a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.parsers import QueryParser, ResponseParserError
from botocore.serialize import create_serializer
from botocore.utils import get_environ_proxies

from accounts.aws import failures, meanings, reply
from accounts.aws.curl import Answer, Line, NoAnswer
from accounts.aws.patience import Gate, patiently
from accounts.types import Credentials

if TYPE_CHECKING:
    from botocore.credentials import Credentials as HubCredentials
    from botocore.model import OperationModel, StructureShape
    from mypy_boto3_sts import STSClient

_OPERATION = "AssumeRole"
_SERIALIZER = create_serializer("query", include_validation=False)
_PARSER = QueryParser()


@dataclass(frozen=True, slots=True)
class Caller:
    """STS in one region, as the hub calls it. Safe to share among threads, not across a fork."""

    url: str
    host: str
    region: str
    user_agent: str
    operation: OperationModel
    credentials: HubCredentials
    line: Line
    gate: Gate = field(default_factory=Gate)

    def assume_role(self, request: Mapping[str, Any]) -> Credentials:
        """Return the keys that STS gives; `request` is what a boto3 client would take.

        Raises:
            GatehouseError: STS said no, did not answer in time, or answered nonsense.
        """
        with self.gate.passed():
            return patiently(partial(self._try, request))

    def _try(self, request: Mapping[str, Any], connect: float, whole: float) -> Credentials:
        answer = self._send(*self._signed(request), connect=connect, whole=whole)
        if answer.status != 200:
            raise failures.explain(ClientError(self._refusal(answer), _OPERATION))
        return reply.keys(answer.body)

    def _signed(self, request: Mapping[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        serialized = _SERIALIZER.serialize_to_request(dict(request), self.operation)
        body = urlencode(serialized["body"]).encode()
        signed = AWSRequest(
            method="POST",
            url=self.url,
            data=body,
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
        return body, dict(signed.headers.items())

    def _send(
        self, body: bytes, headers: Mapping[str, str], *, connect: float, whole: float
    ) -> Answer:
        try:
            return self.line.post(body, headers=headers, connect=connect, whole=whole)
        except NoAnswer as none:
            if none.too_long:
                raise meanings.BAD_REPLY.told(str(none)) from None
            meaning = meanings.TIMEOUT if none.late else meanings.UNREACHABLE
            raise meaning.told(f"{none}: {failures.origin(self.url)}") from None

    def _refusal(self, answer: Answer) -> Any:
        received = {"status_code": answer.status, "headers": {}, "body": answer.body}
        try:
            # Every model of STS has one here; the type is that of any operation.
            return _PARSER.parse(received, cast("StructureShape", self.operation.output_shape))
        except (ResponseParserError, ValueError, LookupError) as error:
            # All that botocore's parser raises on replies STS never sends. The text may quote the reply.
            raise meanings.BAD_REPLY.told(type(error).__name__) from None


def caller(client: STSClient, *, credentials: HubCredentials, certificates: str | None) -> Caller:
    """Return what calls STS as this client would.

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
        line=Line(
            url,
            certificates=certificates or str(get_cert_path(True)),
            proxy=ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url) or "",
        ),
    )
