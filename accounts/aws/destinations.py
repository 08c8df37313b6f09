"""Where in the AWS console people may land: an allow-list, never a redirect to elsewhere."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from accounts.aws import partitions
from accounts.aws.limits import REGION
from accounts.aws.partitions import GLOBAL, Partition
from accounts.errors import InvalidRequest
from accounts.types import OfferedRole

LONGEST = 2048
_VISIBLE_ASCII = re.compile(r"[!-~]+")
# The whole grammar of what is let through: no userinfo, port, brackets, backslashes or percent
# signs before the path. Browsers (WHATWG URL) and urllib read such a URL's host alike.
_URL = re.compile(r"https://([^/?#]*)(/.*)?", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_LONGEST_HOST = 253
_REGION_IN_QUERY = re.compile(r"(?<=[?&])(region=)([^&#]*)", re.IGNORECASE)


def landing(*, role: OfferedRole, destination: str = "", region: str = "") -> str:
    """Return where somebody lands: on the page they ask for, else the role's own, else the console's home.

    `region` moves that page to a region; "" leaves it where it is.

    Raises:
        InvalidRequest: the destination is not a page, or the region none, of the role's partition.
        AwsRefused: the portal does not know the partition.
    """
    target = partitions.find(role.partition)
    if region and not target.has_region(region):
        raise InvalidRequest(
            "There is no such region in this account's part of AWS. Choose another one.",
            f"{region!r:.40} is no region of the partition {target.name}",
            code="request.region",
        )
    page = home(
        partition=role.partition,
        region=region or role.region,
        destination=destination or role.destination,
    )
    return allowed(_moved(page, region, target), partition=role.partition) if region else page


def home(*, partition: str, region: str, destination: str) -> str:
    """Return where to land: the destination if there is one, else the console's home in the region.

    Raises:
        InvalidRequest: the destination is not a page of this partition's console.
        AwsRefused: the portal does not know the partition.
    """
    if destination:
        return allowed(destination, partition=partition)
    return partitions.find(partition).console_home(region)


def allowed(destination: str, *, partition: str) -> str:
    """Return a destination in its normal form, if it is a page of the partition's console.

    It is judged as AWS will see it: decoded once, as it came out of the link's query.

    Raises:
        InvalidRequest: it is anything else; the message says which rule it breaks.
        AwsRefused: the portal does not know the partition.
    """
    target = partitions.find(partition)
    if len(destination) > LONGEST:
        raise _refused(f"it is longer than {LONGEST} characters")
    if not _VISIBLE_ASCII.fullmatch(destination):
        raise _refused("it has spaces, control or non-ASCII characters")
    if not (url := _URL.fullmatch(destination)):
        raise _refused(f"it does not begin with https://{target.console}/")
    host, page = url[1].lower(), url[2] or "/"
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise _refused("its host is not a plain name; there can be no user, port or address")
    if not target.has_console(host):
        raise _refused(f"its host is not {target.console} and not below it")
    if page.startswith("//") or any(c < " " or c in "\\\x7f" for c in unquote(page)):
        raise _refused("its path has doubled slashes or hidden characters")
    _check_regions(host, page, target)
    return f"https://{host}{page}"


def complaint(destination: str) -> str:
    """Say why this is a page of no partition's console, for a place that serves accounts of any; "" if it is."""
    wrong = []
    for partition in partitions.PARTITIONS:
        try:
            allowed(destination, partition=partition)
        except InvalidRequest as refused:
            wrong.append(refused.admin_message.capitalize() + ".")
        else:
            return ""
    return wrong[0]


def _moved(page: str, region: str, target: Partition) -> str:
    """Return an allowed page in another region; a page of a global service stays where it is."""
    address, hash_, fragment = page.partition("#")
    host, slash, path = address.removeprefix("https://").partition("/")
    named = [match[2] for match in _REGION_IN_QUERY.finditer(path)]
    if GLOBAL in named:
        return page
    labels = [region if re.fullmatch(REGION, label) else label for label in host.split(".")]
    path = _REGION_IN_QUERY.sub(lambda match: match[1] + region, path)
    if region not in labels and not named:
        # Neither the host nor the query says where: such pages open where the browser was last.
        path += f"{'&' if '?' in path else '?'}region={region}"
    return f"https://{'.'.join(labels)}{slash}{path}{hash_}{fragment}"


def _check_regions(host: str, page: str, target: Partition) -> None:
    """Refuse a region of another partition, or of none, in the host or the query."""
    query = urlsplit(f"https://{host}{page}").query
    named = {label for label in host.split(".") if re.fullmatch(REGION, label)} | {
        value
        for key, value in parse_qsl(query, keep_blank_values=True)
        if key.lower() == "region" and value != GLOBAL
    }
    if not all(target.has_region(region) for region in named):
        raise _refused(f"it names a region that is not of the partition {target.name}")


def _refused(rule: str) -> InvalidRequest:
    return InvalidRequest(
        f"The page to open is not a page of this account's AWS console: {rule}. Correct the link, or open the console without it.",
        f"console destination refused: {rule}",
        code="request.destination",
    )
