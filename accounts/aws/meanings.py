"""What each failure of AWS means: its code, what the user can do, what the admin must know."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore import exceptions as boto

from accounts.aws.limits import CHAINED_SESSION, DEFAULT_SESSION
from accounts.errors import AwsRefused, AwsUnavailable, GatehouseError, SessionTooLong

_TELL = "Tell the people who run the portal"
_LATER = "Try again in a moment."
_WHERE = (
    "boto3 looks in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in AWS_PROFILE and its files, "
    "and at the role of the container or the machine"
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one kind of failure is called, and what helps."""

    code: str
    user: str
    admin: str
    error: type[GatehouseError] = AwsRefused
    allowed: int | None = None

    def told(self, said: str = "") -> GatehouseError:
        """Return the error to raise; `said` is what AWS said, for the admin."""
        admin = f"{self.admin} [{said}]" if said else self.admin
        if issubclass(self.error, SessionTooLong):
            return self.error(self.user, admin, code=self.code, allowed=self.allowed)
        return self.error(self.user, admin, code=self.code)


HUB = Meaning(
    "aws.hub_credentials",
    f"The portal's own AWS credentials do not work. {_TELL}.",
    f"AWS does not accept the portal's own credentials; {_WHERE}",
)
NO_CREDENTIALS = Meaning(
    HUB.code,
    f"The portal has no AWS credentials. {_TELL}.",
    f"the portal's own AWS credentials could not be loaded; {_WHERE}",
)
NO_REGION = Meaning(
    "aws.region",
    f"The portal has not been told which AWS region to use. {_TELL}.",
    "no usable AWS region: set AWS_REGION, or region in the profile AWS_PROFILE names",
)
ENDPOINT = Meaning(
    "aws.endpoint",
    f"The portal has been given a wrong address for AWS. {_TELL}.",
    "an endpoint of AWS's configuration is not a URL: see AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and the profile's endpoint_url",
)
CLOCK = Meaning(
    "aws.clock",
    f"The portal's clock differs from AWS's. {_TELL}.",
    "AWS refused a signature for its time: correct the clock of the portal's machine",
)
EXPIRED = Meaning(
    "aws.expired_token",
    "Your sign-in has expired. Sign in again.",
    "the web identity token had expired when AWS saw it",
)
IDENTITY_TOKEN = Meaning(
    "aws.invalid_identity_token",
    f"AWS does not accept your sign-in for this account. {_TELL}.",
    "AWS refused the web identity token: compare the account's IAM OIDC provider (URL, audiences) with the token's iss and aud",
)
PROVIDER_UNREACHABLE = Meaning(
    "aws.identity_provider_unreachable",
    f"AWS could not reach the identity provider. {_LATER}",
    "AWS could not fetch the identity provider's keys: its discovery document and key set must be public and answer within 5 seconds",
    AwsUnavailable,
)
DENIED = Meaning(
    "aws.access_denied",
    f"AWS did not let the portal enter this role. {_TELL}; it is not about your groups.",
    "the role's trust policy, its ExternalId, the hub's own policy or an organization policy refuses this, or the role does not exist",
)
TAGGING = Meaning(
    "aws.tags_denied",
    f"AWS did not let the portal enter this role with session tags. Ask for it without them. {_TELL} if it should take them.",
    "the role's trust policy and the portal's own policy must allow sts:TagSession beside sts:AssumeRole, and their conditions on tags must hold",
)
SOURCE_IDENTITY = Meaning(
    DENIED.code,
    DENIED.user,
    "the role's trust policy and the hub's policy must also allow sts:SetSourceIdentity",
)
CHAINED = Meaning(
    "aws.chained_limit",
    "AWS limits sessions to 1 hour here, because the portal itself runs with temporary credentials (role chaining). Choose 1 hour or less.",
    "a role assumed with temporary credentials has sessions of at most 1 hour, whatever its MaxSessionDuration",
    SessionTooLong,
    CHAINED_SESSION,
)
OVER_MAXIMUM = Meaning(
    "aws.duration_over_role_maximum",
    f"The role in AWS does not allow a session this long. Choose a shorter one. {_TELL} if it should be longer.",
    "the permission set's session duration is over the IAM role's MaxSessionDuration: raise that one or lower this one",
    SessionTooLong,
    DEFAULT_SESSION,
)
VALIDATION = Meaning(
    "aws.validation",
    f"AWS found a mistake in what the portal asked for. {_TELL}.",
    "AWS refused a parameter",
)
THROTTLED = Meaning(
    "aws.throttled",
    f"AWS is busy. {_LATER}",
    "AWS is throttling the portal's calls",
    AwsUnavailable,
)
TIMEOUT = Meaning(
    "aws.timeout",
    f"AWS did not answer in time. {_LATER}",
    "no answer from AWS in time",
    AwsUnavailable,
)
UNREACHABLE = Meaning(
    "aws.unreachable",
    f"AWS could not be reached. {_LATER}",
    "no connection to AWS: look at DNS, routes, proxies, TLS and AWS_ENDPOINT_URL_STS",
    AwsUnavailable,
)
NOT_ASKED = Meaning(
    "aws.not_answering",
    f"AWS does not answer others at the moment. {_LATER}",
    "AWS was not asked, because it leaves too many calls without an answer",
    AwsUnavailable,
)
UNAVAILABLE = Meaning(
    "aws.unavailable",
    f"AWS has a problem at the moment. {_LATER}",
    "AWS, or whatever answers at its endpoint, failed",
    AwsUnavailable,
)
BAD_REPLY = Meaning(
    "aws.bad_reply",
    f"AWS gave an answer that makes no sense. {_LATER}",
    "what answered is not AWS, or answered in part: look at AWS_ENDPOINT_URL_STS and proxies",
    AwsUnavailable,
)
UNKNOWN = Meaning(
    "aws.refused",
    f"AWS refused. {_TELL}.",
    "AWS refused with an error the portal has no words for",
)
CONSOLE = Meaning(
    "aws.console_refused",
    f"AWS did not open a console session. {_TELL} if it happens again.",
    "the console's federation endpoint did not accept the keys",
)

# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and the errors of each call.
BY_CODE = {
    "AccessDenied": DENIED,
    "ExpiredToken": EXPIRED,
    "IDPCommunicationError": PROVIDER_UNREACHABLE,
    "IDPRejectedClaim": Meaning(
        "aws.rejected_claim",
        "The identity provider no longer stands by your sign-in. Sign in again.",
        "the identity provider rejected the token's claims",
    ),
    "IncompleteSignature": HUB,
    "InvalidClientTokenId": HUB,
    "InvalidIdentityToken": IDENTITY_TOKEN,
    "InvalidToken": HUB,
    "MalformedPolicyDocument": Meaning(
        "aws.malformed_policy",
        f"The session policy of this role is not valid. {_TELL}.",
        "AWS cannot read the session policy",
    ),
    "MissingAuthenticationToken": HUB,
    "OptInRequired": HUB,
    "PackedPolicyTooLarge": Meaning(
        "aws.packed_policy_too_large",
        f"The session tags and policies of this role are more than AWS takes together. Ask with fewer or shorter session tags. {_TELL} if you gave none.",
        "session tags and policies are over the packed size: AWS says by how many percent",
    ),
    "RegionDisabled": Meaning(
        "aws.region_disabled",
        f"AWS's sign-in service is switched off in the region the portal uses for this account. {_TELL}.",
        "STS is not active for the account in this region: activate it in the account, or use another with AWS_REGION",
    ),
    "RequestExpired": CLOCK,
    "RequestLimitExceeded": THROTTLED,
    "SessionDurationEscalation": OVER_MAXIMUM,
    "SignatureDoesNotMatch": HUB,
    "SlowDown": THROTTLED,
    "Throttling": THROTTLED,
    "TooManyRequests": THROTTLED,
    "UnrecognizedClient": HUB,
    "ValidationError": VALIDATION,
}

# AWS tells these apart by their text only.
BY_TEXT = (
    (re.compile(r"1 hour session limit.*role chaining"), CHAINED),
    (re.compile(r"exceeds the MaxSessionDuration"), OVER_MAXIMUM),
    (re.compile(r"retrieve verification key"), PROVIDER_UNREACHABLE),
    (re.compile(r"Signature (expired|not yet current)"), CLOCK),
    (re.compile(r"sts:TagSession"), TAGGING),
    (re.compile(r"sts:SetSourceIdentity"), SOURCE_IDENTITY),
)

# Errors of botocore's own, the more particular first.
BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Meaning], ...] = (
    ((boto.NoRegionError, boto.InvalidRegionError), NO_REGION),
    ((boto.ConnectTimeoutError, boto.ReadTimeoutError), TIMEOUT),
    ((boto.ConnectionError, boto.HTTPClientError), UNREACHABLE),
    (
        (
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.CredentialRetrievalError,
            boto.UnknownCredentialError,
            boto.MetadataRetrievalError,
            boto.TokenRetrievalError,
            boto.SSOError,
            boto.LoginError,
            boto.ProfileNotFound,
            boto.ConfigNotFound,
            boto.ConfigParseError,
            boto.InvalidConfigError,
            boto.RefreshWithMFAUnsupportedError,
        ),
        NO_CREDENTIALS,
    ),
)
