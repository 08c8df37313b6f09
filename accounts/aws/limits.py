"""AWS's limits and patterns, each with its source: the one place for them. Imports nothing of ours.

Patterns are text, to match a whole value: `re.fullmatch(limits.ACCOUNT_ID, value)`, or between `^`
and `\\Z` for Django's validators and both databases.
"""

from __future__ import annotations

# Seconds. DurationSeconds of AssumeRole and SessionDuration of the console's federation endpoint:
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
SHORTEST_SESSION, LONGEST_SESSION = 900, 43200
# What every role allows: MaxSessionDuration is at least this, and this where nothing is said.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
DEFAULT_SESSION = 3600
# A role assumed with temporary credentials is role chaining, and AWS caps its sessions:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
CHAINED_SESSION = 3600

# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
ACCOUNT_ID = r"[0-9]{12}"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
PARTITION = r"aws(-[a-z]+)*"
# The regexes of botocore's data/partitions.json, taken together.
REGION = r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}"

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html. Its \w is ASCII.
LONGEST_IAM_PATH = 512
IAM_PATH = r"/([!-~]+/)?"
LONGEST_ROLE_NAME = 64
ROLE_NAME = r"[A-Za-z0-9_+=,.@-]{1,64}"

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. Its \w is ASCII.
SHORTEST_ROLE_ARN, LONGEST_ROLE_ARN = 20, 2048
LONGEST_SESSION_NAME = 64
SESSION_NAME = r"[A-Za-z0-9_+=,.@-]{2,64}"
LONGEST_EXTERNAL_ID = 1224
EXTERNAL_ID = r"[A-Za-z0-9_+=,.@:/-]{2,1224}"
# PostgreSQL counts repetitions to 255 only; the column's length does the rest.
EXTERNAL_ID_OF_ANY_LENGTH = r"[A-Za-z0-9_+=,.@:/-]{2,}"

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: WebIdentityToken, and
# SubjectFromWebIdentityToken in the answer.
LONGEST_WEB_IDENTITY_TOKEN = 20_000
LONGEST_TOKEN_SUBJECT = 255
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html: Url, ClientIDList.
LONGEST_PROVIDER_URL = LONGEST_AUDIENCE = 255

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (Tags) and
# https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html: tags, characters, characters.
MOST_SESSION_TAGS, LONGEST_TAG_KEY, LONGEST_TAG_VALUE = 50, 128, 256

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: characters.
SHORTEST_WEB_IDENTITY_TOKEN, LONGEST_WEB_IDENTITY_TOKEN = 4, 20000
# Characters of a role's trust policy without white space, where the quota was not raised:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_TRUST_POLICY = 2048
# What an OpenID Connect provider sends as `sub`, and STS takes (SubjectFromWebIdentityToken):
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
LONGEST_SUBJECT = 255
# The same page (TransitiveTagKeys, SourceIdentity). Since 2026 AWS documents 256 characters for the latter;
# 64 is what every version of its service takes.
LONGEST_SOURCE_IDENTITY = 64
SOURCE_IDENTITY = r"(?!aws:)[A-Za-z0-9_+=,.@-]{2,64}"

# Of ours: what every session name and source identity ends with, and tells one person from others
# (`accounts.trust.session_names`): base32 in lower case.
PERSON_MARK = r"[a-z2-7]{12}"
# Characters without white space: the inline policies of one role together, and a service control policy.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
LONGEST_INLINE_POLICIES, LONGEST_SERVICE_CONTROL_POLICY = 10_240, 5_120

# The same page (Policy, PolicyArns): characters of all session policies together, and managed policies.
LONGEST_POLICIES, MOST_POLICY_ARNS = 2048, 10
# Of ours: percent of AWS's packed size from which admins are warned.
NEARLY_FULL = 90
# Of ours: with the spaces that people indent a policy with, which are not sent.
LONGEST_WRITTEN_POLICY = 10_000
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html (Path, PolicyName). {partition} and
# {account_id} are filled in for each account.
LONGEST_POLICY_ARN = 700
POLICY_ARN = (
    r"arn:(\{partition\}|aws(-[a-z]+)*):iam::(\{account_id\}|aws|[0-9]{12}):policy/"
    r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,128}"
)

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html: characters, the role's
# with its path.
LONGEST_SWITCH_ROLE_NAME, LONGEST_DISPLAY_NAME = 64, 64
