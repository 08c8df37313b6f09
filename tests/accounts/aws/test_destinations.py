"""Console destinations: the AWS console of the account's partition, and nothing else in the world."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.aws import destinations
from accounts.errors import AwsRefused, InvalidRequest
from accounts.types import OfferedRole
from tests.emulators import aws_environment

HOSTILE = [
    # other schemes, or none
    "http://console.aws.amazon.com/",
    "javascript:alert(1)//console.aws.amazon.com/",
    "data:text/html,console.aws.amazon.com",
    "//console.aws.amazon.com/",
    "/console/home",
    "console.aws.amazon.com",
    "https:console.aws.amazon.com/",
    "https:/console.aws.amazon.com/",
    "https:///console.aws.amazon.com/",
    "https:////console.aws.amazon.com/",
    "https%3A%2F%2Fconsole.aws.amazon.com%2F",
    "view-source:https://console.aws.amazon.com/",
    # other hosts
    "https://evil.example/",
    "https://evil.example/console.aws.amazon.com/",
    "https://evil.example/?https://console.aws.amazon.com/",
    "https://evil.example#.console.aws.amazon.com/",
    "https://evil.example?.console.aws.amazon.com/",
    "https://console.aws.amazon.com.evil.example/",
    "https://evilconsole.aws.amazon.com/",
    "https://console.aws.amazon.co/",
    "https://console-aws-amazon-com.evil.example/",
    "https://aws.amazon.com/",
    "https://amazon.com/",
    "https://signin.aws.amazon.com/oauth?Action=logout&redirect_uri=https://evil.example",
    "https://s3.amazonaws.com/evil/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://2130706433/",
    # user, password, port
    "https://console.aws.amazon.com@evil.example/",
    "https://console.aws.amazon.com:password@evil.example/",
    "https://evil.example@console.aws.amazon.com/",
    "https://:@console.aws.amazon.com/",
    "https://console.aws.amazon.com:443/",
    "https://console.aws.amazon.com:8443/",
    "https://console.aws.amazon.com:/",
    # backslashes, controls, blanks
    "https://console.aws.amazon.com\\@evil.example/",
    "https://evil.example\\.console.aws.amazon.com/",
    "https:\\\\console.aws.amazon.com/",
    "https://console.aws.amazon.com/\\evil.example",
    "https://console.aws.amazon.com/%5cevil.example",
    "https://console.aws.amazon.com\t.evil.example/",
    "https://console.aws.amazon.com/\r\nSet-Cookie: a=b",
    "https://console.aws.amazon.com/%0d%0aSet-Cookie:%20a=b",
    "https://console.aws.amazon.com/%00",
    "https://console.aws.amazon.com/home#%0a",
    " https://console.aws.amazon.com/",
    "https://console.aws.amazon.com/ ",
    "https://console.aws.amazon.com /",
    "https://console.aws.amazon.com/\x00",
    "https://console.aws.amazon.com/\x7f",
    "https://console.aws.amazon.com/\u2028",
    # names that only look right
    "https://console.aws.amazon.com./",
    "https://.console.aws.amazon.com/",
    "https://eu-west-1..console.aws.amazon.com/",
    "https://-.console.aws.amazon.com/",
    "https://a_b.console.aws.amazon.com/",
    "https://%65vil.console.aws.amazon.com/",
    "https://console.aws.amazon.com%2f.evil.example/",
    "https://console.aws.amazon.com%00.evil.example/",
    "https://console。aws。amazon。com/",
    "https://cоnsole.aws.amazon.com/",  # noqa: RUF001 - a Cyrillic letter
    "https://" + "a" * 64 + ".console.aws.amazon.com/",
    "https://" + "a." * 120 + "console.aws.amazon.com/",
    # what comes after the host
    "https://console.aws.amazon.com//evil.example/",
    "https://console.aws.amazon.com#@evil.example/",
    "https://console.aws.amazon.com?@evil.example/",
    "https://console.aws.amazon.com/" + "a" * 2048,
    # regions and partitions
    "https://console.aws.amazon.com/ec2/home?region=cn-north-1",
    "https://console.aws.amazon.com/ec2/home?region=us-gov-west-1",
    "https://console.aws.amazon.com/ec2/home?REGION=cn-north-1",
    "https://console.aws.amazon.com/ec2/home?region=eu-west-1&region=cn-north-1",
    "https://console.aws.amazon.com/ec2/home?region=%63n-north-1",
    "https://console.aws.amazon.com/ec2/home?region=evil",
    "https://console.aws.amazon.com/ec2/home?region=",
    "https://cn-north-1.console.aws.amazon.com/",
    "https://us-gov-west-1.console.aws.amazon.com/",
    "https://console.amazonaws.cn/",
    "https://console.amazonaws-us-gov.com/",
    "https://evil.amazonaws.cn/",
]


IN_ANOTHER_PARTITION = [
    ("aws-cn", "https://console.aws.amazon.com/"),
    ("aws-cn", "https://console.amazonaws.com.cn/"),
    ("aws-cn", "https://console.amazonaws.cn/?region=eu-west-1"),
    ("aws-us-gov", "https://console.aws.amazon.com/"),
    ("aws-us-gov", "https://us-east-1.console.amazonaws-us-gov.com/"),
    ("aws-eusc", "https://console.aws.amazon.com/"),
    ("aws-eusc", "https://eu-central-1.console.amazonaws-eusc.eu/"),
]


def test_destination_elsewhere_is_refused() -> None:
    wrong = []
    for destination in HOSTILE:
        try:
            wrong.append(destinations.allowed(destination, partition="aws"))
        except InvalidRequest as refused:
            message = refused.user_message
            if "Correct the link" not in message or "evil" in message:
                wrong.append(message)
            if refused.code != "request.destination":
                wrong.append(refused.code)

    assert wrong == []


def test_destination_in_another_partition_is_refused() -> None:
    for partition, destination in IN_ANOTHER_PARTITION:
        with pytest.raises(InvalidRequest):
            destinations.allowed(destination, partition=partition)


def test_destination_in_an_unknown_partition_is_refused() -> None:
    with pytest.raises(AwsRefused):
        destinations.allowed("https://console.aws.amazon.com/", partition="aws-mars")


ALLOWED = [
    ("aws", "https://console.aws.amazon.com/"),
    ("aws", "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:"),
    ("aws", "https://console.aws.amazon.com/s3/buckets/a%20b?prefix=x/@y:z&region=us-east-1"),
    ("aws", "https://us-east-1.console.aws.amazon.com/wafv2/homev2/web-acls?region=global"),
    (
        "aws",
        "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fpayments",
    ),
    ("aws-us-gov", "https://console.amazonaws-us-gov.com/ec2/home?region=us-gov-west-1"),
    ("aws-us-gov", "https://us-gov-east-1.console.amazonaws-us-gov.com/"),
    ("aws-cn", "https://console.amazonaws.cn/s3/home?region=cn-northwest-1"),
    ("aws-eusc", "https://eusc-de-east-1.console.amazonaws-eusc.eu/s3/home?region=eusc-de-east-1"),
]


def test_destination_in_the_console_is_allowed_as_it_is() -> None:
    for partition, destination in ALLOWED:
        assert destinations.allowed(destination, partition=partition) == destination


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://console.aws.amazon.com", "https://console.aws.amazon.com/"),
        ("HTTPS://Console.AWS.Amazon.COM/S3/Home", "https://console.aws.amazon.com/S3/Home"),
        (
            "https://123456789012-abcd1234.us-east-1.console.aws.amazon.com/lambda/home",
            "https://us-east-1.console.aws.amazon.com/lambda/home",
        ),
    ],
)
def test_destination_is_returned_in_its_normal_form(given: str, normal: str) -> None:
    assert destinations.allowed(given, partition="aws") == normal


def role(partition: str = "aws", region: str = "eu-west-1", page: str = "") -> OfferedRole:
    return OfferedRole(
        id=1,
        account_id="123456789012",
        account_name="payments-prod",
        partition=partition,
        environment=None,
        organizational_unit="",
        tags=(),
        region=region,
        role_name="ReadOnly",
        iam_path="/",
        iam_role_name="ReadOnly",
        description="",
        session_duration=3600,
        destination=page,
        privileged=False,
        console=True,
        keys=True,
    )


def test_landing_refuses_a_region_that_is_not_of_the_partition() -> None:
    for region in (
        "cn-north-1",
        "us-gov-west-1",
        "eusc-de-east-1",
        "nowhere",
        "global",
        "EU-WEST-1",
    ):
        with pytest.raises(InvalidRequest) as refused:
            destinations.landing(role=role(), region=region)
        assert refused.value.code == "request.region", region


def test_landing_refuses_a_hostile_destination_in_a_good_region() -> None:
    with pytest.raises(InvalidRequest) as refused:
        destinations.landing(
            role=role(), destination="https://evil.example/?region=eu-west-1", region="eu-west-1"
        )

    assert refused.value.code == "request.destination"


def test_landing_is_what_is_asked_for_before_what_the_role_says() -> None:
    asked, own = (
        f"https://console.aws.amazon.com/{page}/home?region=eu-west-1" for page in ("s3", "ec2")
    )

    assert destinations.landing(role=role(page=own), destination=asked) == asked
    assert destinations.landing(role=role(page=own)) == own
    assert destinations.landing(role=role()).endswith("/console/home?region=eu-west-1")


@pytest.mark.parametrize(
    ("page", "moved"),
    [
        ("", "https://console.aws.amazon.com/console/home?region=eu-north-1"),
        (
            "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:",
            "https://eu-north-1.console.aws.amazon.com/ec2/home?region=eu-north-1#Instances:",
        ),
        (
            "https://123456789012-abcd1234.eu-west-1.console.aws.amazon.com/lambda/home",
            "https://eu-north-1.console.aws.amazon.com/lambda/home",
        ),
        (
            "https://console.aws.amazon.com/s3/home",
            "https://console.aws.amazon.com/s3/home?region=eu-north-1",
        ),
        (
            "https://console.aws.amazon.com/s3/buckets/a?prefix=x#here",
            "https://console.aws.amazon.com/s3/buckets/a?prefix=x&region=eu-north-1#here",
        ),
        (
            "https://us-east-1.console.aws.amazon.com/wafv2/home?region=global",
            "https://us-east-1.console.aws.amazon.com/wafv2/home?region=global",
        ),
    ],
)
def test_landing_moves_a_page_to_the_region(page: str, moved: str) -> None:
    assert destinations.landing(role=role(), destination=page, region="eu-north-1") == moved


ALARMS = "https://console.aws.amazon.com/cloudwatch/home#alarmsV2:"


@pytest.mark.parametrize(
    ("own", "page", "opens"),
    [
        (
            "eu-north-1",
            ALARMS,
            "https://console.aws.amazon.com/cloudwatch/home?region=eu-north-1#alarmsV2:",
        ),
        # The portal's own region, AWS_REGION of the tests.
        ("", ALARMS, "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:"),
        ("", "", "https://console.aws.amazon.com/console/home?region=eu-west-1"),
        # What a page says itself stays.
        *(
            ("eu-north-1", page, page)
            for page in (
                "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-3#alarmsV2:",
                "https://eu-west-3.console.aws.amazon.com/cloudwatch/home#alarmsV2:",
                "https://console.aws.amazon.com/wafv2/home?region=global",
            )
        ),
    ],
)
def test_landing_without_a_region_is_in_the_accounts_else_the_portals(
    own: str, page: str, opens: str
) -> None:
    assert destinations.landing(role=role(region=own, page=page)) == opens
    assert destinations.landing(role=role(region=own), destination=page) == opens


def test_landing_of_a_portal_whose_aws_is_not_set_up_is_in_the_partitions_region() -> None:
    with aws_environment(AWS_REGION=None, AWS_DEFAULT_REGION=None, AWS_PROFILE="nowhere"):
        page = destinations.landing(
            role=role(region="", page="https://console.aws.amazon.com/s3/home")
        )

    assert page.endswith("region=us-east-1")


def test_landing_takes_no_region_of_another_partition() -> None:
    china = destinations.landing(role=role("aws-cn", "", "https://console.amazonaws.cn/s3/home"))
    europe = destinations.landing(role=role("aws-eusc", "", "https://console.amazonaws-eusc.eu/a"))

    assert china == "https://console.amazonaws.cn/s3/home?region=cn-north-1"
    assert (
        europe == "https://eusc-de-east-1.console.amazonaws-eusc.eu/a?region=eusc-de-east-1"
    )  # There is no console without a region.


def test_page_from_a_session_of_another_account_is_refused() -> None:
    page = "https://210987654321-abcd1234.eu-west-1.console.aws.amazon.com/lambda/home"

    with pytest.raises(InvalidRequest) as refused:
        destinations.landing(role=role(), destination=page)
    own = destinations.landing(
        role=role(), destination=page.replace("210987654321", "123456789012")
    )

    assert "account 210987654321, and this is account 123456789012" in refused.value.user_message
    assert own == "https://eu-west-1.console.aws.amazon.com/lambda/home"
    assert "Remove “210987654321-abcd1234.”" in destinations.complaint(page)


PIECES = [
    "123456789012-abcd1234.",
    "https://", "http://", "https:", "//", "/", "\\", "@", ":", "?", "#", ".", "%", "%2f", "%40",
    "%5c", "\t", "\n", " ", "443", "[", "]", "evil.example", "console.aws.amazon.com",
    "eu-west-1.", "region=", "region=eu-west-1", "&", "console.", "aws.amazon.com", "。", "\u00ad",
]  # fmt: skip
GRANTED = "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:"


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A good address with a piece pushed in somewhere, or taken out."""
    start = draw(st.integers(0, len(GRANTED)))
    end = draw(st.integers(start, min(start + 4, len(GRANTED))))
    piece = draw(st.sampled_from(PIECES) | st.text(max_size=3))
    return GRANTED[:start] + piece + GRANTED[end:]


@given(spoiled() | st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text())
def test_whatever_is_accepted_leads_every_parser_to_the_console(text: str) -> None:
    try:
        accepted = destinations.allowed(text, partition="aws")
    except InvalidRequest:
        return

    for url in (accepted, text):
        for host in (urlsplit(url).hostname, host_as_a_browser_reads_it(url)):
            assert re.fullmatch(r"([a-z0-9.-]+\.)?console\.aws\.amazon\.com", host or "")
    assert destinations.allowed(accepted, partition="aws") == accepted


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example\\@b.example/", "a.example"),
        ("https:\\\\a.example", "a.example"),
        ("https:a.example/x", "a.example"),
        ("https:////a.example/x", "a.example"),
        ("https://u:p@x@a.example:443/", "a.example"),
        (" https://a.exa\tmple?@b.example", "a.example"),
        ("https://A%2eexample", "a.example"),
    ],
)
def test_the_browser_of_these_tests_reads_hosts_as_the_standard_says(url: str, host: str) -> None:
    assert host_as_a_browser_reads_it(url) == host


def host_as_a_browser_reads_it(url: str) -> str:
    """Return the host of an https URL by the WHATWG URL standard, short of IDNA and IP addresses."""
    url = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() != "https":
        return ""
    # For special schemes any run of slashes and backslashes opens the authority, or none at all.
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    return unquote(re.sub(r":[0-9]*$", "", host)).lower()


# Hostile only to an account of the commercial partition.
ELSEWHERE = {"https://console.amazonaws.cn/", "https://console.amazonaws-us-gov.com/"}


def test_complaint_is_about_what_is_on_no_partitions_console() -> None:
    for destination in set(HOSTILE) - ELSEWHERE:
        complaint = destinations.complaint(destination)
        assert complaint.startswith("Console destination refused: "), destination


def test_complaint_is_silent_about_any_partitions_console() -> None:
    for destination in {url for _, url in ALLOWED} | ELSEWHERE:
        assert destinations.complaint(destination) == ""
