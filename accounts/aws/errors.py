"""The table of what goes wrong at AWS: a code, what the user can do, what the admin must know."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore import exceptions as boto

from accounts.aws.limits import CHAINED_SESSION, DEFAULT_SESSION
from accounts.errors import AwsRefused, AwsUnavailable, GatehouseError, SessionTooLong

_CONTACT = "Contact your portal admins."
_LATER = "Try again in a moment."
_WHERE = (
    "boto3 looks in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in AWS_PROFILE and its files, "
    "and at the role of the container or the machine"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of failure: `allowed` is the seconds of a session that AWS does give, where that is known."""

    code: str
    user: str
    admin: str
    kind: type[GatehouseError] = AwsRefused
    allowed: int | None = None

    def error(self, detail: str = "") -> GatehouseError:
        """Return the error to raise; `detail` is for the admin, such as what AWS said."""
        admin = f"{self.admin} [{detail}]" if detail else self.admin
        if issubclass(self.kind, SessionTooLong):
            return self.kind(self.user, admin, code=self.code, allowed=self.allowed)
        return self.kind(self.user, admin, code=self.code)


HUB = Failure(
    "aws.hub_credentials",
    f"This portal's own AWS keys do not work. {_CONTACT}",
    f"AWS does not accept the portal's own credentials; {_WHERE}",
)
NO_CREDENTIALS = Failure(
    HUB.code,
    f"This portal has no AWS keys of its own. {_CONTACT}",
    f"the portal's own AWS credentials could not be loaded; {_WHERE}",
)
NO_REGION = Failure(
    "aws.region",
    f"This portal has no AWS region. {_CONTACT}",
    "no usable AWS region: set AWS_REGION, or region in the profile AWS_PROFILE names",
)
ENDPOINT = Failure(
    "aws.endpoint",
    f"This portal has a wrong address for AWS. {_CONTACT}",
    "an endpoint of AWS's configuration is not a URL: see AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and the profile's endpoint_url",
)
CLOCK = Failure(
    "aws.clock",
    f"This portal's clock is wrong. {_CONTACT}",
    "AWS refused a signature for its time: correct the clock of the portal's machine",
)
PORTAL_TOKEN_EXPIRED = Failure(
    CLOCK.code,
    CLOCK.user,
    "AWS found the token that the portal had just signed too old: correct the clock of the portal's machine",
)
EXPIRED = Failure(
    "aws.expired_token",
    "Your sign-in has ended. Sign in again.",
    "the web identity token had expired when AWS saw it",
)
_NOT_ACCEPTED = f"AWS does not accept this portal's sign-in to the account. {_CONTACT}"
IDENTITY_TOKEN = Failure(
    "aws.invalid_identity_token",
    _NOT_ACCEPTED,
    "AWS refused the web identity token: compare the account's IAM OIDC provider (URL, audiences) with the token's iss and aud",
)
NO_IDENTITY_PROVIDER = Failure(
    "aws.no_identity_provider",
    _NOT_ACCEPTED,
    "the account has no IAM OIDC provider whose URL is the token's iss, letter by letter: create it in the role's own account",
)
TOKEN_AUDIENCE = Failure(
    "aws.token_audience",
    _NOT_ACCEPTED,
    "the account's IAM OIDC provider does not list the token's audience (azp where the token has one, else aud) as a client id",
)
TOKEN_SIGNATURE = Failure(
    "aws.token_signature",
    _NOT_ACCEPTED,
    "AWS could not verify the token's signature: the issuer's published key set lacks the key that signed, or AWS still has an earlier one",
)
ISSUER_CERTIFICATE = Failure(
    "aws.issuer_certificate",
    _NOT_ACCEPTED,
    "AWS does not trust the TLS certificate of the token's issuer: use a public authority, or renew the thumbprints of the IAM OIDC provider",
)
TOKEN_CLAIMS = Failure(
    "aws.token_claims",
    _NOT_ACCEPTED,
    "the web identity token lacks a claim that AWS needs, or has one that it does not take",
)
TOKEN_TOO_LONG = Failure(
    "aws.token_too_long",
    f"Your sign-in is too large for AWS: you have too many groups. {_CONTACT}",
    "AWS takes web identity tokens of 4 to 20,000 characters: have the provider put fewer claims into the ID token",
)
PROVIDER_UNREACHABLE = Failure(
    "aws.identity_provider_unreachable",
    f"AWS could not reach the identity provider. {_LATER}",
    "AWS could not fetch the identity provider's keys: its discovery document and key set must be public and answer within 5 seconds",
    AwsUnavailable,
)
DENIED = Failure(
    "aws.access_denied",
    f"AWS did not let this portal use the role. Your groups are not the reason. {_CONTACT}",
    "the role's trust policy, its ExternalId, the hub's own policy or an organization policy refuses this, or the role does not exist",
)
WEB_IDENTITY_DENIED = Failure(
    DENIED.code,
    DENIED.user,
    "the role's trust policy does not let this token in (its conditions on the provider's aud and sub, or its actions: "
    "sts:AssumeRoleWithWebIdentity, with tags sts:TagSession, with a source identity sts:SetSourceIdentity), an "
    "organization policy refuses this, or the role does not exist",
)
OUTBOUND_DENIED = Failure(
    "aws.outbound_denied",
    f"This portal cannot get keys for this account. {_CONTACT}",
    "the hub's own policy must allow sts:GetWebIdentityToken",
)
TAGGING = Failure(
    "aws.tags_denied",
    "AWS did not let this portal use the role with session tags. Leave them out. If the role should take them, contact your portal admins.",
    "the role's trust policy, and with the trust method hub the portal's own policy, must allow sts:TagSession too, and their conditions on tags must hold",
)
SOURCE_IDENTITY = Failure(
    DENIED.code,
    DENIED.user,
    "the role's trust policy, and with the trust method hub the portal's own policy, must also allow sts:SetSourceIdentity",
)
CHAINED = Failure(
    "aws.chained_limit",
    "AWS limits sessions to 1 hour here, because this portal itself has temporary keys (role chaining). Choose 1 hour or less.",
    "a role assumed with temporary credentials has sessions of at most 1 hour, whatever its MaxSessionDuration",
    SessionTooLong,
    CHAINED_SESSION,
)
OVER_MAXIMUM = Failure(
    "aws.duration_over_role_maximum",
    "The role in AWS does not allow a session this long. Choose a shorter one. If it should be longer, contact your portal admins.",
    "the permission set's session duration is over the IAM role's MaxSessionDuration: raise that one or lower this one",
    SessionTooLong,
    DEFAULT_SESSION,
)
VALIDATION = Failure(
    "aws.validation",
    f"AWS found a mistake in this portal's request. {_CONTACT}",
    "AWS refused a parameter",
)
MALFORMED_POLICY = Failure(
    "aws.malformed_policy",
    f"The session policy of this role is not valid. {_CONTACT}",
    "AWS cannot read the session policy",
)
THROTTLED = Failure(
    "aws.throttled",
    f"AWS is busy. {_LATER}",
    "AWS is throttling the portal's calls",
    AwsUnavailable,
)
TIMEOUT = Failure(
    "aws.timeout",
    f"AWS did not answer in time. {_LATER}",
    "no answer from AWS in time",
    AwsUnavailable,
)
UNREACHABLE = Failure(
    "aws.unreachable",
    f"AWS could not be reached. {_LATER}",
    "no connection to AWS: look at DNS, routes, proxies, TLS and AWS_ENDPOINT_URL_STS",
    AwsUnavailable,
)
NOT_ASKED = Failure(
    "aws.not_answering",
    f"AWS is not answering at the moment. {_LATER}",
    "AWS was not asked: too many calls to it are without an answer",
    AwsUnavailable,
)
UNAVAILABLE = Failure(
    "aws.unavailable",
    f"AWS has a problem at the moment. {_LATER}",
    "AWS, or whatever answers at its endpoint, failed",
    AwsUnavailable,
)
BAD_REPLY = Failure(
    "aws.bad_reply",
    f"AWS gave an unexpected answer. {_LATER}",
    "what answered is not AWS, or answered in part: look at AWS_ENDPOINT_URL_STS and proxies",
    AwsUnavailable,
)
UNKNOWN = Failure(
    "aws.refused",
    f"AWS refused. {_CONTACT}",
    "AWS refused with an error that this portal does not know",
)
CONSOLE = Failure(
    "aws.console_refused",
    "AWS did not open a console session. If it happens again, contact your portal admins.",
    "the console's federation endpoint did not accept the keys",
)

_NOT_CUT = f"The sessions of this role could not be cut. {_CONTACT}"
NO_SUCH_ROLE = Failure(
    "aws.no_such_role",
    _NOT_CUT,
    "there is no such role in the account: sessions of a role that was deleted may do nothing any more",
)
NO_SUCH_POLICY = Failure(
    "aws.no_such_policy",
    _NOT_CUT,
    "the organization has no such policy: see ORGANIZATION_REVOCATION_POLICY",
)
POLICIES_TOO_LONG = Failure(
    "aws.policies_too_long",
    f"The role's policies in AWS are full. {_CONTACT}",
    "AWS takes 10,240 characters of inline policies of one role together, and 5,120 of a policy of an organization: shorten another "
    "one, or end the sessions of everybody in the role",
)
REVOKER_DENIED = Failure(
    "aws.revoker_denied",
    _NOT_CUT,
    "the revoker role may not read and write the policy of this role: deploy the account's template again",
)
TRAIL_DENIED = Failure(
    "aws.trail_denied",
    f"The portal may not read CloudTrail here. {_CONTACT}",
    "the role of CLOUDTRAIL_PERMISSION_SET does not allow cloudtrail:LookupEvents, or an organization policy denies it",
)
TRAIL_THROTTLED = Failure(
    THROTTLED.code,
    f"CloudTrail answers two lookups a second in each account and region, and there were more. {_LATER}",
    "AWS is throttling cloudtrail:LookupEvents: 2 requests a second for each account and region",
    AwsUnavailable,
)
CHANGING = Failure(
    THROTTLED.code,
    THROTTLED.user,
    "something else is being changed at AWS at this moment",
    AwsUnavailable,
)

# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and the errors of each call.
BY_CODE = {
    "AccessDenied": DENIED,
    # Signed calls carry no token of anybody's: what has expired is the hub's.
    "ExpiredToken": HUB,
    "ConcurrentModification": CHANGING,
    "IDPCommunicationError": PROVIDER_UNREACHABLE,
    "IDPRejectedClaim": Failure(
        "aws.rejected_claim",
        "Your identity provider has withdrawn your sign-in. Sign in again.",
        "the identity provider rejected the token's claims",
    ),
    "IncompleteSignature": HUB,
    "InvalidClientTokenId": HUB,
    "InvalidIdentityToken": IDENTITY_TOKEN,
    "InvalidToken": HUB,
    "MalformedPolicyDocument": MALFORMED_POLICY,
    "MissingAuthenticationToken": HUB,
    "OptInRequired": HUB,
    "OutboundWebIdentityFederationDisabled": Failure(
        "aws.outbound_federation_disabled",
        f"This portal cannot get keys for this account. {_CONTACT}",
        "AWS does not vouch for the portal's own principal: enable outbound web identity federation in its account (iam:EnableOutboundWebIdentityFederation)",
    ),
    "PackedPolicyTooLarge": Failure(
        "aws.packed_policy_too_large",
        "The session tags and policies of this role are too long for AWS. Use fewer or shorter session tags. If you gave none, contact your portal admins.",
        "session tags and policies are over the packed size: AWS says by how many percent",
    ),
    "RegionDisabled": Failure(
        "aws.region_disabled",
        f"AWS's sign-in service is switched off in the region that this portal uses for the account. {_CONTACT}",
        "STS is not active for the account in this region: activate it in the account, or use another: AWS_REGION for the trust method hub, else the account's default region",
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

# What a code means for one call alone.
BY_OPERATION = {
    ("AssumeRoleWithWebIdentity", "AccessDenied"): WEB_IDENTITY_DENIED,
    ("AssumeRoleWithWebIdentity", "ExpiredToken"): EXPIRED,
    ("GetWebIdentityToken", "AccessDenied"): OUTBOUND_DENIED,
    ("LookupEvents", "AccessDenied"): TRAIL_DENIED,
    ("LookupEvents", "Throttling"): TRAIL_THROTTLED,
    **{
        (operation, "AccessDenied"): REVOKER_DENIED
        for operation in (
            "GetRolePolicy",
            "PutRolePolicy",
            "DescribePolicy",
            "UpdatePolicy",
            "ListTargetsForPolicy",
        )
    },
    ("PutRolePolicy", "NoSuchEntity"): NO_SUCH_ROLE,
    ("PutRolePolicy", "LimitExceeded"): POLICIES_TOO_LONG,
    ("DescribePolicy", "PolicyNotFound"): NO_SUCH_POLICY,
    ("UpdatePolicy", "PolicyNotFound"): NO_SUCH_POLICY,
    ("UpdatePolicy", "ConstraintViolation"): POLICIES_TOO_LONG,
}

# AWS tells these apart by their text only.
BY_TEXT = (
    (re.compile(r"1 hour session limit.*role chaining"), CHAINED),
    (re.compile(r"exceeds the MaxSessionDuration"), OVER_MAXIMUM),
    (re.compile(r"retrieve verification key"), PROVIDER_UNREACHABLE),
    (re.compile(r"No OpenIDConnect provider found", re.IGNORECASE), NO_IDENTITY_PROVIDER),
    (re.compile(r"Incorrect token audience", re.IGNORECASE), TOKEN_AUDIENCE),
    (
        re.compile(r"certificate doesn.t match configured thumbprint", re.IGNORECASE),
        ISSUER_CERTIFICATE,
    ),
    (
        re.compile(r"Missing a required claim|Issuer must be a valid URL", re.IGNORECASE),
        TOKEN_CLAIMS,
    ),
    (re.compile(r"Signature (expired|not yet current)"), CLOCK),
    (re.compile(r"sts:TagSession"), TAGGING),
    (re.compile(r"sts:SetSourceIdentity"), SOURCE_IDENTITY),
)

# Errors of botocore's own, the more particular first.
BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
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
