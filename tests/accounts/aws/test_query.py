"""What calls STS does so as a boto3 client would, over connections that are kept."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from accounts.aws import clients, sts
from accounts.errors import AwsRefused, AwsUnavailable
from accounts.types import Credentials
from tests.accounts.aws.test_sts import ARN, reply
from tests.emulators import Reply, ScriptedServer, Seen, aws_environment, sts_at

REQUEST: dict[str, Any] = {
    "RoleArn": ARN,
    "RoleSessionName": "alice@northwind.example",
    "DurationSeconds": 3600,
    "ExternalId": "northwind:42/x",
    "Tags": [{"Key": "ticket", "Value": "Grüße & more"}, {"Key": "team", "Value": ""}],
}


def assume() -> Credentials:
    return sts.assume_role(role_arn=ARN, session_name="alice@northwind.example", duration=3600)


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_REGION": "eu-west-3"},
        {"AWS_REGION": "us-east-1"},
        {"AWS_REGION": "us-east-1", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
        {"AWS_REGION": "us-west-2", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
        {"AWS_REGION": "aws-global"},
        {"AWS_REGION": "us-gov-west-1"},
        {"AWS_REGION": "cn-north-1"},
        {"AWS_REGION": "eusc-de-east-1"},
        {"AWS_REGION": "us-east-2", "AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_REGION": "eu-west-1", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "https://aws.northwind.example/all"},
        {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9/sts/"},
        {
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        },
    ],
    ids=lambda environment: " ".join(environment.values()),
)
def test_address_and_signing_region_are_those_of_boto3(environment: dict[str, str]) -> None:
    with aws_environment(**{"AWS_ENDPOINT_URL_STS": None, **environment}):
        expected = as_boto3_sends_it()
        caller = clients.caller()

    assert caller.url == expected.url
    assert f"/{caller.region}/sts/aws4_request" in authorization(expected)


def test_endpoint_of_a_profile_is_used(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile hub]\nregion = eu-north-1\nservices = here\n"
        "[services here]\nsts =\n  endpoint_url = http://127.0.0.1:9/profile\n"
    )
    with aws_environment(
        AWS_ENDPOINT_URL_STS=None,
        AWS_REGION=None,
        AWS_DEFAULT_REGION=None,
        AWS_PROFILE="hub",
        AWS_CONFIG_FILE=str(config),
        AWS_SHARED_CREDENTIALS_FILE=str(keys_in(tmp_path)),
    ):
        assert clients.caller().url == as_boto3_sends_it().url
        assert clients.caller().region == "eu-north-1"


@pytest.mark.parametrize("token", [None, "the+hub's/token=="])
def test_request_says_what_boto3_would_say(token: str | None) -> None:
    with aws_environment(AWS_SESSION_TOKEN=token):
        expected = as_boto3_sends_it()
        with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
            clients.caller().assume_role(REQUEST)
    [seen] = server.seen

    assert parse_qs(seen.body, keep_blank_values=True) == parse_qs(
        str(expected.body), keep_blank_values=True
    )
    for name in ("content-type", "x-amz-security-token"):
        assert seen.headers.get(name) == text(expected.headers.get(name)), name
    # All but the features of boto3 that a call has used.
    features = re.compile(r" m/\S+")
    user_agent = text(expected.headers["User-Agent"]) or ""
    assert features.sub("", seen.headers["user-agent"]) == features.sub("", user_agent)
    signed = "SignedHeaders=content-type;host;x-amz-date"
    assert signed in seen.headers["authorization"]
    assert signed in authorization(expected)


@pytest.mark.wire
def test_signature_is_the_one_that_boto3_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: noon.replace(tzinfo=None))
    signed: list[str] = []

    def answer(seen: Seen) -> Reply:
        signed.append(seen.headers["authorization"])
        return Reply(body=reply())

    with ScriptedServer(answer) as server, sts_at(server.url):
        clients.caller().assume_role(REQUEST)
        clients.sts().assume_role(**REQUEST)

    ours, theirs = (text.rpartition("Signature=")[2] for text in signed)
    assert len(ours) == 64
    assert ours == theirs


def test_reply_is_the_one_that_boto3_reads() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        ours, theirs = clients.caller().assume_role(REQUEST), clients.sts().assume_role(**REQUEST)

    assert ours == Credentials(
        access_key_id=theirs["Credentials"]["AccessKeyId"],
        secret_access_key=theirs["Credentials"]["SecretAccessKey"],
        session_token=theirs["Credentials"]["SessionToken"],
        expires_at=theirs["Credentials"]["Expiration"],
        assumed_role_arn=theirs["AssumedRoleUser"]["Arn"],
        packed_policy_size=theirs["PackedPolicySize"],
        request_id=theirs["ResponseMetadata"]["RequestId"],
    )


@pytest.mark.wire
def test_thousand_calls_of_eight_threads_open_eight_connections() -> None:
    with keeping(reply()) as (url, accepted), sts_at(url):
        clients.caller()
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: assume(), range(1000)))

    assert len(found) == 1000
    assert len(accepted) <= 8


@pytest.mark.wire
def test_connection_that_the_other_side_has_closed_costs_no_failure() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        assume()
        assume()

    assert len(server.seen) == 2


@pytest.mark.wire
def test_calls_go_through_the_proxy_with_its_password() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as proxy:
        address = proxy.url.replace("//", "//user:p%40ss@")
        with aws_environment(
            AWS_ENDPOINT_URL_STS="http://sts.northwind.example",
            http_proxy=address,
            HTTP_PROXY=None,
            no_proxy=None,
            NO_PROXY=None,
        ):
            assume()
    [seen] = proxy.seen

    assert seen.path == "http://sts.northwind.example/"
    assert seen.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"


@pytest.mark.wire
def test_failure_of_a_proxy_repeats_no_password() -> None:
    with (
        aws_environment(
            AWS_ENDPOINT_URL_STS="http://sts.northwind.example",
            http_proxy="http://user:planted@127.0.0.1:9",
            no_proxy=None,
            NO_PROXY=None,
        ),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume()

    assert refused.value.code == "aws.unreachable"
    assert "planted" not in refused.value.admin_message


@pytest.mark.wire
def test_certificate_of_nobody_we_know_is_refused(
    certificate: tuple[Path, Path],
) -> None:
    with (
        keeping(reply(), proven_by=certificate) as (url, _),
        aws_environment(AWS_ENDPOINT_URL_STS=url, AWS_CA_BUNDLE=None, REQUESTS_CA_BUNDLE=None),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume()

    assert refused.value.code == "aws.unreachable"


@pytest.mark.wire
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_authority_that_is_named_is_trusted(
    certificate: tuple[Path, Path],
    variable: str,
) -> None:
    with (
        keeping(reply(), proven_by=certificate) as (url, _),
        aws_environment(
            **{
                "AWS_ENDPOINT_URL_STS": url,
                "AWS_CA_BUNDLE": None,
                "REQUESTS_CA_BUNDLE": "/nowhere",
                variable: str(certificate[0]),
            }
        ),
    ):
        assert assume().access_key_id == "ASIAEXAMPLE"


@pytest.mark.wire
def test_redirect_is_not_followed() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as elsewhere:
        away = Reply(307, headers={"Location": elsewhere.url})
        with (
            ScriptedServer(lambda seen: away) as server,
            sts_at(server.url),
            pytest.raises((AwsRefused, AwsUnavailable)),
        ):
            assume()

    assert elsewhere.seen == []


def as_boto3_sends_it() -> AWSPreparedRequest:
    """Return the request that a boto3 client makes, without its being sent."""
    sent: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        response = AWSResponse(request.url, 200, {}, None)  # type: ignore[arg-type]
        response._content = reply().encode()  # type: ignore[attr-defined]
        return response

    client = clients.sts()
    events: Any = client.meta.events  # The stubs let no handler answer, as before-send may.
    events.register("before-send.sts.AssumeRole", keep)
    client.assume_role(**REQUEST)
    events.unregister("before-send.sts.AssumeRole", keep)
    return sent[0]


def authorization(request: AWSPreparedRequest) -> str:
    return text(request.headers["Authorization"]) or ""


def text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value


def keys_in(folder: Path) -> Path:
    path = folder / "credentials"
    path.write_text("[hub]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    return path


@contextmanager
def keeping(
    body: str, *, proven_by: tuple[Path, Path] | None = None
) -> Iterator[tuple[str, list[socket.socket]]]:
    """Serve one reply over connections that are kept; yield the address and the connections so far."""
    content = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(content)}\r\n\r\n"
    answer = head.encode() + content
    accepted: list[socket.socket] = []
    context = None
    if proven_by is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*proven_by)

    def serve(line: socket.socket) -> None:
        try:
            with context.wrap_socket(line, server_side=True) if context else line as talk:
                received = b""
                while chunk := talk.recv(65536):
                    received += chunk
                    if b"\r\n\r\n" in received and b"Version=2011-06-15" in received:
                        received = b""
                        talk.sendall(answer)
        except OSError:
            pass

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            accepted.append(line)
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        scheme = "https" if proven_by else "http"
        yield f"{scheme}://localhost:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)
    for line in accepted:
        line.close()
