"""Keys as people paste and tools parse them: byte for byte, with the characters that keys have."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest

from accounts.types import Credentials, Entitlement, IssuedKeys, OfferedRole
from portal.pages.formats import formats
from tests.cast import NOON

KEY_ID, SECRET, TOKEN = "ASIAEXAMPLE", "wJal/rXUt+nFEMI/K7MDENG=", "IQoJb3JpZ2lu//8X+aCXVzLWVhc3Q=="

EXPECTED = {
    "posix": f'''export AWS_ACCESS_KEY_ID="{KEY_ID}"
export AWS_SECRET_ACCESS_KEY="{SECRET}"
export AWS_SESSION_TOKEN="{TOKEN}"''',
    "cmd": f"""SET AWS_ACCESS_KEY_ID={KEY_ID}
SET AWS_SECRET_ACCESS_KEY={SECRET}
SET AWS_SESSION_TOKEN={TOKEN}""",
    "powershell": f'''$Env:AWS_ACCESS_KEY_ID="{KEY_ID}"
$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"
$Env:AWS_SESSION_TOKEN="{TOKEN}"''',
    "profile": f"""[123456789012_AdministratorAccess]
aws_access_key_id={KEY_ID}
aws_secret_access_key={SECRET}
aws_session_token={TOKEN}""",
}


@pytest.fixture
def issued() -> IssuedKeys:
    role = OfferedRole(
        id=1,
        account_id="123456789012",
        account_name="payments-prod",
        partition="aws",
        environment=None,
        organizational_unit="",
        tags=(),
        region="",
        role_name="AdministratorAccess",
        iam_path="/",
        iam_role_name="AdministratorAccess",
        description="",
        session_duration=3600,
        destination="",
        privileged=False,
        console=True,
        keys=True,
    )
    return IssuedKeys(
        entitlement=Entitlement(
            role=role, console=True, keys=True, session_duration=3600, reasons=()
        ),
        credentials=Credentials(
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            session_token=TOKEN,
            expires_at=NOON + timedelta(hours=1),
        ),
        session_name="alice",
        duration=3600,
        audit_id=uuid.uuid4(),
    )


@pytest.mark.parametrize("slug", EXPECTED)
def test_format_is_that_of_the_access_portal_byte_for_byte(slug: str, issued: IssuedKeys) -> None:
    (block,) = next(form.blocks for form in formats(issued) if form.slug == slug)

    assert block.text == EXPECTED[slug]


def test_individual_values_stand_alone(issued: IssuedKeys) -> None:
    values = {block.label: block.text for block in formats(issued)[-1].blocks}

    assert values == {
        "AWS access key ID": KEY_ID,
        "AWS secret access key": SECRET,
        "AWS session token": TOKEN,
    }


def test_what_a_page_holds_is_what_is_copied(issued: IssuedKeys) -> None:
    for form in formats(issued):
        for block in form.blocks:
            text_content = unescape(re.sub(r"<[^>]*>", "", block.markup))

            assert text_content == block.text


def test_only_the_secret_parts_are_hidden(issued: IssuedKeys) -> None:
    hidden = re.findall(
        r'<span class="secret"><span>(.*?)</span>', formats(issued)[0].blocks[0].markup
    )

    assert list(map(unescape, hidden)) == [SECRET, TOKEN]


def test_nothing_secret_is_in_a_repr(issued: IssuedKeys) -> None:
    found = formats(issued)

    assert SECRET not in repr(found) + repr(found[0]) + repr(found[0].blocks[0])
    assert SECRET not in repr(found[0].blocks[0].lines[1])
