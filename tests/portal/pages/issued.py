"""Keys as the door releases them, with the values a test wants."""

from __future__ import annotations

import string
from datetime import timedelta

from hypothesis import strategies as st

from accounts.profile_patterns import name_by_id
from accounts.types import Credentials, Entitlement, IssuedKeys, OfferedRole
from portal.pages.key_formats import Block, Format, formats
from portal.pages.profile_names import profile_name
from tests.cast import NOON

KEY_ID, SECRET, TOKEN = "ASIAEXAMPLE", "wJal/rXUt+nFEMI/K7MDENG=", "IQoJb3JpZ2lu//8X+aCXVzLWVhc3Q=="
NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REGION, EXPIRATION = "eu-north-1", "2026-11-22T13:00:00Z"
# What is pasted beside the keys.
MORE = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CREDENTIAL_EXPIRATION": EXPIRATION,
}
Values = tuple[str, str, str]
VALUES: Values = (KEY_ID, SECRET, TOKEN)

_ALPHABET = string.ascii_letters + string.digits + "+/="
# Values as STS makes them, from its alphabet: whatever character comes first, last or twice.
any_values: st.SearchStrategy[Values] = st.tuples(
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=24),
    st.text(_ALPHABET, min_size=1, max_size=60),
    st.text(_ALPHABET, min_size=1, max_size=400),
)


def issued(
    values: Values = VALUES, *, role_name: str = "AdministratorAccess", region: str = ""
) -> IssuedKeys:
    """Return keys with these values."""
    role = OfferedRole(
        id=1,
        account_id="123456789012",
        account_name="payments-prod",
        partition="aws",
        environment=None,
        organizational_unit="",
        tags=(),
        region=region,
        role_name=role_name,
        iam_path="/",
        iam_role_name=role_name,
        description="",
        session_duration=3600,
        destination="",
        privileged=False,
        console=True,
        keys=True,
    )
    key_id, secret, token = values
    return IssuedKeys(
        entitlement=Entitlement(
            role=role, console=True, keys=True, session_duration=3600, reasons=()
        ),
        credentials=Credentials(
            access_key_id=key_id,
            secret_access_key=secret,
            session_token=token,
            expires_at=NOON + timedelta(hours=1),
        ),
        session_name="alice",
        duration=3600,
        audit_id=48213,
    )


def all_formats(
    values: Values = VALUES, *, profile: str = "", region: str = REGION
) -> tuple[Format, ...]:
    """Return every format, with a profile of this name."""
    keys = issued(values, region=region)
    default = name_by_id(keys.entitlement.role)
    return formats(keys, profile=profile_name(profile, default=default))


def block(slug: str, values: Values = VALUES, *, profile: str = "", region: str = REGION) -> Block:
    """Return the block that is copied in a format."""
    offered = all_formats(values, profile=profile, region=region)
    found = {form.slug: form.blocks for form in offered}
    (only,) = found[slug]
    return only
