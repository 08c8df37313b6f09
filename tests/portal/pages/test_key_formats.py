"""Keys as people paste and tools parse them: byte for byte, with the characters that keys have."""

from __future__ import annotations

import re
from html import unescape

from portal.pages.profile_names import profile_name
from tests.portal.pages.issued import KEY_ID, SECRET, TOKEN, VALUES, all_formats, block

# The first four begin as the access portal's own do.
EXPECTED = {
    "posix": f'''export AWS_ACCESS_KEY_ID="{KEY_ID}"
export AWS_SECRET_ACCESS_KEY="{SECRET}"
export AWS_SESSION_TOKEN="{TOKEN}"
export AWS_REGION="eu-north-1"
export AWS_DEFAULT_REGION="eu-north-1"
export AWS_CREDENTIAL_EXPIRATION="2026-11-22T13:00:00Z"''',
    "cmd": f"""SET AWS_ACCESS_KEY_ID={KEY_ID}
SET AWS_SECRET_ACCESS_KEY={SECRET}
SET AWS_SESSION_TOKEN={TOKEN}
SET AWS_REGION=eu-north-1
SET AWS_DEFAULT_REGION=eu-north-1
SET AWS_CREDENTIAL_EXPIRATION=2026-11-22T13:00:00Z""",
    "powershell": f'''$Env:AWS_ACCESS_KEY_ID="{KEY_ID}"
$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"
$Env:AWS_SESSION_TOKEN="{TOKEN}"
$Env:AWS_REGION="eu-north-1"
$Env:AWS_DEFAULT_REGION="eu-north-1"
$Env:AWS_CREDENTIAL_EXPIRATION="2026-11-22T13:00:00Z"''',
    "profile": f"""[123456789012_AdministratorAccess]
# These keys expire at 2026-11-22T13:00:00Z
aws_access_key_id={KEY_ID}
aws_secret_access_key={SECRET}
aws_session_token={TOKEN}
region=eu-north-1""",
    "fish": f'''set -gx AWS_ACCESS_KEY_ID "{KEY_ID}"
set -gx AWS_SECRET_ACCESS_KEY "{SECRET}"
set -gx AWS_SESSION_TOKEN "{TOKEN}"
set -gx AWS_REGION "eu-north-1"
set -gx AWS_DEFAULT_REGION "eu-north-1"
set -gx AWS_CREDENTIAL_EXPIRATION "2026-11-22T13:00:00Z"''',
    "env": f"""AWS_ACCESS_KEY_ID={KEY_ID}
AWS_SECRET_ACCESS_KEY={SECRET}
AWS_SESSION_TOKEN={TOKEN}
AWS_REGION=eu-north-1
AWS_DEFAULT_REGION=eu-north-1
AWS_CREDENTIAL_EXPIRATION=2026-11-22T13:00:00Z""",
    "configure": f'''aws configure set aws_access_key_id "{KEY_ID}" --profile "123456789012_AdministratorAccess"
aws configure set aws_secret_access_key "{SECRET}" --profile "123456789012_AdministratorAccess"
aws configure set aws_session_token "{TOKEN}" --profile "123456789012_AdministratorAccess"
aws configure set region "eu-north-1" --profile "123456789012_AdministratorAccess"''',
    "json": f"""{{
  "Version": 1,
  "AccessKeyId": "{KEY_ID}",
  "SecretAccessKey": "{SECRET}",
  "SessionToken": "{TOKEN}",
  "Expiration": "2026-11-22T13:00:00+00:00"
}}""",
}


def test_every_format_is_the_same_byte_for_byte() -> None:
    texts = {form.slug: form.blocks[0].text for form in all_formats() if form.slug != "values"}

    assert texts == EXPECTED


def test_individual_values_stand_alone() -> None:
    values = {block.label: block.text for block in all_formats()[-1].blocks}

    assert values == {
        "AWS access key ID": KEY_ID,
        "AWS secret access key": SECRET,
        "AWS session token": TOKEN,
        "Region": "eu-north-1",
        "Expires at": "2026-11-22T13:00:00Z",
    }


def test_region_is_left_out_where_the_account_has_none() -> None:
    for form in all_formats(region=""):
        text = "".join(part.text for part in form.blocks).lower()

        assert "region" not in text, form.slug


def test_what_a_page_holds_is_what_is_copied() -> None:
    for form in all_formats():
        for part in form.blocks:
            text_content = unescape(re.sub(r"<[^>]*>", "", part.markup))

            assert text_content == part.text


def test_only_the_secret_parts_are_hidden() -> None:
    for slug in EXPECTED:
        hidden = re.findall(r'<span class="secret"><span>(.*?)</span>', block(slug).markup)

        assert list(map(unescape, hidden)) == [SECRET, TOKEN], slug


def test_nothing_secret_is_in_a_repr() -> None:
    found = all_formats()

    assert SECRET not in repr(found) + repr(found[0]) + repr(found[0].blocks[0])
    assert SECRET not in repr(found[0].blocks[0].lines[1])


def test_no_shell_is_given_what_it_would_run() -> None:
    for evil in ('x"; touch owned; "', "$(touch owned)", "`touch owned`", "%PATH%"):
        for place in range(3):
            values = [*VALUES]
            values[place] = evil

            offered = all_formats((values[0], values[1], values[2]))

            assert [form.slug for form in offered] == ["json", "values"], values
        offered = all_formats(region=evil)
        assert [form.slug for form in offered] == ["json", "values"], evil


def test_profile_has_the_name_somebody_wants_as_far_as_files_and_shells_take_it() -> None:
    names = {
        "": "123456789012_AdministratorAccess",
        "payments": "payments",
        "payments prod": "payments-prod",
        "]\n[default": "default",
        '"; rm -rf "': "rm--rf",
        "-x": "x",
        "$(id)": "id",
        "ü": "123456789012_AdministratorAccess",
        "a.b_c@d+e=f,g:h/i": "a.b_c@d+e=f,g:h/i",
        "x" * 500: "x" * 128,
    }
    for wanted, name in names.items():
        assert profile_name(wanted, default="123456789012_AdministratorAccess") == name
        assert block("profile", profile=wanted).text.startswith(f"[{name}]\n")
        assert f' --profile "{name}"\n' in block("configure", profile=wanted).text
