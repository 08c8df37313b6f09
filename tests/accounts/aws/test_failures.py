"""What STS answers when it says no, over a real socket, and what people are told of it."""

from __future__ import annotations

import socket
import traceback
from functools import partial
from xml.sax.saxutils import escape

import pytest
from botocore.exceptions import ParamValidationError, ProxyConnectionError

from accounts import addresses
from accounts.aws import clients, errors, failures, sts
from accounts.errors import AwsRefused, AwsUnavailable, GatehouseError, SessionTooLong
from tests.accounts.aws.test_sts import reply
from tests.emulators import Reply, ScriptedServer, Seen, aws_environment, sts_at

ACCOUNT_ID = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/Developer"
DENIED = (
    f"User: arn:aws:iam::999999999999:user/hub is not authorized to perform: %s on resource: {ARN}"
)

# HTTP status, AWS's code, AWS's message -> our error, our code.
REFUSALS = [
    (403, "AccessDenied", DENIED % "sts:AssumeRole", AwsRefused, "aws.access_denied"),
    (403, "AccessDenied", DENIED % "sts:TagSession", AwsRefused, "aws.tags_denied"),
    (403, "AccessDenied", DENIED % "sts:SetSourceIdentity", AwsRefused, "aws.access_denied"),
    (403, "ExpiredToken", "The security token included in the request is expired", AwsRefused, "aws.hub_credentials"),
    (400, "ExpiredTokenException", "The security token is expired", AwsRefused, "aws.hub_credentials"),
    (400, "PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space", AwsRefused, "aws.packed_policy_too_large"),
    (400, "MalformedPolicyDocument", "This policy contains invalid Json", AwsRefused, "aws.malformed_policy"),
    (403, "RegionDisabledException", f"STS is not activated in this region for account:{ACCOUNT_ID}", AwsRefused, "aws.region_disabled"),
    (400, "ValidationError", "1 validation error detected: Value at 'roleSessionName'", AwsRefused, "aws.validation"),
    (400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", SessionTooLong, "aws.duration_over_role_maximum"),
    (400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining", SessionTooLong, "aws.chained_limit"),
    (403, "SessionDurationEscalationException", "The requested duration is longer", SessionTooLong, "aws.duration_over_role_maximum"),
    (403, "InvalidClientTokenId", "The security token included in the request is invalid.", AwsRefused, "aws.hub_credentials"),
    (403, "SignatureDoesNotMatch", "The request signature we calculated does not match", AwsRefused, "aws.hub_credentials"),
    (403, "SignatureDoesNotMatch", "Signature expired: 20261122T100000Z is now earlier than 20261122T101500Z", AwsRefused, "aws.clock"),
    (403, "SignatureDoesNotMatch", "Signature not yet current: 20261122T104000Z is still later than 20261122T101500Z", AwsRefused, "aws.clock"),
    (400, "RequestExpired", "Request has expired.", AwsRefused, "aws.clock"),
    (403, "MissingAuthenticationToken", "Request is missing Authentication Token", AwsRefused, "aws.hub_credentials"),
    (400, "BrandNewError", "Nobody has seen this yet", AwsRefused, "aws.refused"),
    (400, "Throttling", "Rate exceeded", AwsUnavailable, "aws.throttled"),
    (500, "InternalFailure", "An internal error occurred", AwsUnavailable, "aws.unavailable"),
]  # fmt: skip

# The same for AssumeRoleWithWebIdentity, which takes a token instead of a signature.
TOKEN_REFUSALS = [
    (400, "ExpiredTokenException", "Token expired: current date/time must be before the expiration", AwsRefused, "aws.expired_token"),
    (400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account {ACCOUNT_ID}", AwsRefused, "aws.no_identity_provider"),
    (400, "InvalidIdentityToken", "Incorrect token audience", AwsRefused, "aws.token_audience"),
    (400, "InvalidIdentityToken", "The token has an invalid signature", AwsRefused, "aws.token_signature"),
    (400, "InvalidIdentityToken", "Missing a required claim: sub", AwsRefused, "aws.token_claims"),
    (400, "InvalidIdentityToken", "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint", AwsRefused, "aws.issuer_certificate"),
    (400, "InvalidIdentityToken", "Nobody has seen this yet", AwsRefused, "aws.invalid_identity_token"),
    (400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider", AwsUnavailable, "aws.identity_provider_unreachable"),
    (400, "IDPCommunicationError", "Identity provider did not answer", AwsUnavailable, "aws.identity_provider_unreachable"),
    (403, "IDPRejectedClaim", "The claim was revoked", AwsRefused, "aws.rejected_claim"),
    (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", AwsRefused, "aws.access_denied"),
    (400, "PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space", AwsRefused, "aws.packed_policy_too_large"),
    (403, "RegionDisabledException", f"STS is not activated in this region for account:{ACCOUNT_ID}", AwsRefused, "aws.region_disabled"),
    (400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", SessionTooLong, "aws.duration_over_role_maximum"),
]  # fmt: skip

# The same for GetWebIdentityToken, by which AWS vouches for the hub in another partition.
OUTBOUND_REFUSALS = [
    (403, "OutboundWebIdentityFederationDisabledException", "The feature is not enabled", AwsRefused, "aws.outbound_federation_disabled"),
    (403, "AccessDenied", DENIED % "sts:GetWebIdentityToken", AwsRefused, "aws.outbound_denied"),
    (403, "ExpiredToken", "The security token included in the request is expired", AwsRefused, "aws.hub_credentials"),
]  # fmt: skip


def assume_role() -> None:
    sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)


@pytest.mark.wire
def test_refusal_of_sts_has_its_own_error() -> None:
    wrong = []
    with ScriptedServer(lambda seen: Reply()) as server, sts_at(server.url):
        for status, aws_code, message, kind, code in REFUSALS:
            server.answer = partial(refusal, status, aws_code, message)
            with pytest.raises(GatehouseError) as refused:
                assume_role()
            wrong += faults(refused.value, aws_code, message, kind, code)

    assert wrong == []


@pytest.mark.wire
def test_refusal_of_a_web_identity_token_has_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sts, "_PAUSE", 0)
    wrong = []
    with ScriptedServer(lambda seen: Reply()) as server, sts_at(server.url):
        for status, aws_code, message, kind, code in TOKEN_REFUSALS:
            server.answer = partial(refusal, status, aws_code, message)
            with pytest.raises(GatehouseError) as refused:
                sts.assume_role_with_web_identity(
                    role_arn=ARN,
                    session_name="alice",
                    duration=3600,
                    token="planted-token",
                    region="eu-west-1",
                )
            wrong += faults(refused.value, aws_code, message, kind, code)
            assert "planted" not in refused.value.admin_message

    assert wrong == []


@pytest.mark.wire
def test_refusal_to_vouch_for_the_hub_has_its_own_error() -> None:
    wrong = []
    with ScriptedServer(lambda seen: Reply()) as server, sts_at(server.url):
        for status, aws_code, message, kind, code in OUTBOUND_REFUSALS:
            server.answer = partial(refusal, status, aws_code, message)
            with pytest.raises(GatehouseError) as refused:
                sts.web_identity_token(audience="sts.amazonaws.com")
            wrong += faults(refused.value, aws_code, message, kind, code)

    assert wrong == []


def faults(
    error: GatehouseError, aws_code: str, message: str, kind: type[GatehouseError], code: str
) -> list[str]:
    """Return what is wrong with an error: its kind, its code, or what it says to whom."""
    case = f"{aws_code} ({message[:40]})"
    found = []
    if (type(error), error.code) != (kind, code):
        found.append(f"{case} is {type(error).__name__} {error.code}")
    for detail in (aws_code, message, "request-42"):
        if detail not in error.admin_message:
            found.append(f"{case} does not tell the admin {detail}")
    for detail in ("arn:", ACCOUNT_ID, aws_code, message, "request-42"):
        if detail in error.user_message:
            found.append(f"{case} tells the user {detail}")
    advice = ("ontact your portal admins.", "Try again", "Sign in again.", "Choose 1 hour")
    if not any(words in error.user_message for words in advice):
        found.append(f"{case} gives no advice: {error.user_message}")
    return found


def test_chained_limit_says_what_aws_does_give() -> None:
    told = _told(
        400,
        "ValidationError",
        "exceeds the 1 hour session limit for roles assumed by role chaining",
    )

    assert isinstance(told, SessionTooLong)
    assert told.allowed == 3600
    assert told.http_status == 400


def test_duration_over_the_maximum_of_the_role_says_what_every_role_gives() -> None:
    told = _told(400, "ValidationError", "exceeds the MaxSessionDuration set for this role.")

    assert isinstance(told, SessionTooLong)
    assert told.allowed == 3600


def test_missing_tag_permission_is_named_for_the_admin() -> None:
    told = _told(403, "AccessDenied", DENIED % "sts:TagSession")

    assert "must allow sts:TagSession" in told.admin_message
    assert "Leave them out" in told.user_message


def test_refused_signature_does_not_repeat_the_canonical_request() -> None:
    message = (
        "The request signature we calculated does not match the signature you provided.\n\n"
        "The Canonical String for this request should have been\n"
        "'POST\n/\n\nx-amz-security-token:planted-token-of-the-hub'"
    )

    told = _told(403, "SignatureDoesNotMatch", message)

    assert "does not match" in told.admin_message
    assert "planted" not in told.admin_message
    assert "planted" not in "".join(traceback.format_exception(told))


def test_message_for_the_admin_is_one_line_of_bounded_length() -> None:
    told = _told(400, "BrandNewError", "a\tb\x85c" + "x" * 5000)

    assert told.admin_message.isprintable()
    assert len(told.admin_message) < 1200


@pytest.mark.wire
def test_only_what_may_pass_is_tried_again() -> None:
    tries = {}
    for status, aws_code in ((403, "AccessDenied"), (400, "Throttling"), (503, "Unavailable")):
        with (
            ScriptedServer(partial(refusal, status, aws_code, "No")) as server,
            sts_at(server.url),
            pytest.raises(GatehouseError),
        ):
            assume_role()
        tries[aws_code] = len(server.seen)

    assert tries == {"AccessDenied": 1, "Throttling": 2, "Unavailable": 2}


@pytest.mark.wire
def test_second_try_that_succeeds_is_all_anybody_sees() -> None:
    answers = iter([Reply(503), Reply(body=reply())])
    with ScriptedServer(lambda seen: next(answers)) as server, sts_at(server.url):
        keys = sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)

    assert keys.access_key_id == "ASIAEXAMPLE"


@pytest.mark.wire
def test_sts_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with (
            sts_at(f"http://127.0.0.1:{taken.getsockname()[1]}"),
            pytest.raises(AwsUnavailable) as refused,
        ):
            assume_role()

    assert refused.value.code == "aws.unreachable"
    assert "http://127.0.0.1:" in refused.value.admin_message


@pytest.mark.wire
def test_sts_that_hangs_up_is_unreachable() -> None:
    with (
        ScriptedServer(lambda seen: Reply(close=True)) as server,
        sts_at(server.url),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume_role()

    assert refused.value.code == "aws.unreachable"


@pytest.mark.wire
def test_sts_that_does_not_answer_in_time_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "READ_TIMEOUT", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        sts_at(f"http://127.0.0.1:{silent.getsockname()[1]}"),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume_role()

    assert refused.value.code == "aws.timeout"


def test_password_of_a_proxy_is_not_repeated() -> None:
    error = ProxyConnectionError(proxy_url="http://user:planted-password@proxy.example:3128")

    told = failures.translate(error)

    assert told.code == "aws.unreachable"
    assert "planted" not in told.admin_message


def test_error_of_botocore_that_nobody_foresaw_is_named_and_not_quoted() -> None:
    told = failures.translate(ParamValidationError(report="value: planted"))

    assert told.code == "aws.refused"
    assert "ParamValidationError" in told.admin_message
    assert "planted" not in told.admin_message


def test_origin_keeps_host_and_port_only() -> None:
    assert (
        addresses.origin("https://user:planted@host.example:8443/a?b#c")
        == "https://host.example:8443"
    )


def test_hub_credentials_that_expired_are_not_blamed_on_the_user() -> None:
    with (
        ScriptedServer(lambda seen: refusal(403, "ExpiredToken", "expired")) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url, AWS_SESSION_TOKEN="planted-token"),
        pytest.raises(AwsRefused) as refused,
    ):
        assume_role()

    assert "Sign in again" not in refused.value.user_message
    assert "planted" not in refused.value.admin_message


def test_every_failure_has_a_code_of_aws_and_words_for_both() -> None:
    every = [value for value in vars(errors).values() if isinstance(value, errors.Failure)]

    for failure in [*every, *errors.BY_CODE.values()]:
        assert failure.code.startswith("aws.")
        assert failure.user.endswith(".")
        assert failure.admin
        assert "arn:" not in failure.user


def _told(status: int, aws_code: str, message: str) -> GatehouseError:
    with (
        ScriptedServer(lambda seen: refusal(status, aws_code, message)) as server,
        sts_at(server.url),
        pytest.raises(GatehouseError) as refused,
    ):
        assume_role()
    return refused.value


def refusal(status: int, code: str, message: str, seen: Seen | None = None) -> Reply:
    """An error as STS writes it: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html."""
    return Reply(
        status,
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>request-42</RequestId></ErrorResponse>",
        {"Content-Type": "text/xml"},
    )
