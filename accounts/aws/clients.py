"""The STS clients, one per process and region, and the hub: the portal's own principal in AWS."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from accounts.aws import errors, failures
from accounts.aws.bulkhead import CALLS_AT_ONCE, Bulkhead
from accounts.http import USER_AGENT
from accounts.types import Credentials as Keys

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_sts import STSClient

T = TypeVar("T")

# Seconds of each attempt. Two attempts and the pause between them end within the bulkhead's deadline.
CONNECT_TIMEOUT, READ_TIMEOUT, ATTEMPTS = 2, 5, 2
PATIENCE_OF_PAGES = 2.0
"""Seconds that a page waits to learn what credentials the hub has; it can do without."""

# At DEBUG these three print keys, session tokens and signed requests, whatever the root's level is.
_TALKATIVE = ("boto3", "botocore", "urllib3")

# boto3 reads AWS_DEFAULT_REGION only; every other SDK of AWS, ECS and Lambda say AWS_REGION.
_REGION = ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)


def _pin_loggers() -> None:
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


_pin_loggers()


# A hub is named by its profile in boto3's files; "" is boto3's own chain: AWS_ACCESS_KEY_ID, AWS_PROFILE, ...


def sts(region: str = "", *, profile: str = "") -> STSClient:
    """Return the process's STS client of a hub for a region; "" is the hub's own region.

    Raises:
        AwsRefused: the hub has no credentials or no region.
        AwsUnavailable: its credentials could not be fetched in time.
    """
    return _clients.sts(region, profile)


def unsigned_sts(region: str) -> STSClient:
    """Return the process's STS client for a region that signs nothing: it needs no AWS credentials and looks for none.

    Raises:
        AwsRefused: boto3's configuration cannot be used.
    """
    return _clients.unsigned_sts(region)


def with_keys(service: str, *, keys: Keys, region: str) -> Any:
    """Return a client of a service that acts with these keys. It is made for this and not kept.

    Raises:
        AwsRefused: boto3's configuration cannot be used.
    """
    return _clients.with_keys(service, keys, region)


def of_hub(service: str, *, region: str, profile: str = "") -> Any:
    """Return a client of a service that acts as a hub. It is made for this and not kept.

    Raises:
        AwsRefused: the hub has no credentials, or boto3's configuration cannot be used.
        AwsUnavailable: its credentials could not be fetched in time.
    """
    return _clients.of_hub(service, region, profile)


def call(function: Callable[[], T]) -> T:
    """Return what a function returns that asks AWS, within the process's bounds (`bulkhead`).

    Raises:
        AwsUnavailable: AWS does not answer.
        GatehouseError: as the function.
    """
    return _clients.bulkhead.call(function)


def hub_region(*, profile: str = "") -> str:
    """Return the region that a hub's configuration names, "" if none. A named profile's is its own: AWS_REGION is the chain's.

    Raises:
        AwsRefused: there is no such profile, or its files cannot be read.
    """
    return _clients.hub_region(profile)


def hub_is_chained(*, profile: str = "") -> bool:
    """Whether the hub's own credentials are temporary, so that AWS caps the sessions it opens at 1 hour.

    Pages ask this too. Only the first to ask may wait for a metadata service or the like, for
    PATIENCE_OF_PAGES at most and within the bounds of `call`; from then on it is known.

    Raises:
        AwsRefused: the hub has no credentials.
        AwsUnavailable: they could not be fetched in time.
    """
    return _clients.hub_is_chained(profile)


def reset() -> None:
    """Forget all clients, so that the next ones are made from the environment as it is then."""
    global _clients
    _clients = _Clients()


class _Clients:
    """Clients are thread-safe, Sessions and the making of clients are not: hence the locks.

    That of `_files` is never held while anybody is asked; that of a hub is, for as long as its credentials take.
    """

    def __init__(self) -> None:
        self.bulkhead = Bulkhead()
        self._files = _Sessions()
        self._hubs: dict[str, _Hub] = {}
        self._regions: dict[str, str] = {}
        self._unsigned: dict[str, STSClient] = {}

    def unsigned_sts(self, region: str) -> STSClient:
        if (client := self._unsigned.get(region)) is None:
            with self._files.lock, _translated():
                if (client := self._unsigned.get(region)) is None:
                    # boto3 would search its whole chain for keys. These are never sent: UNSIGNED.
                    client = self._unsigned[region] = self._files.boto3("").client(
                        "sts",
                        region_name=region,
                        config=_config().merge(Config(signature_version=UNSIGNED)),
                        aws_access_key_id="unsigned",
                        aws_secret_access_key="unsigned",  # noqa: S106
                    )
        return client

    def sts(self, region: str, profile: str) -> STSClient:
        return self._hub(profile).sts(region, profile)

    def of_hub(self, service: str, region: str, profile: str) -> Any:
        return self._hub(profile).client(service, region, profile)

    def with_keys(self, service: str, keys: Keys, region: str) -> Any:
        with self._files.lock, _translated():
            client: Any = self._files.boto3("").client(
                service,  # type: ignore[call-overload]
                region_name=region,
                config=_config(),
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
            )
        return client

    def hub_region(self, profile: str) -> str:
        if (region := self._regions.get(profile)) is None:
            with self._files.lock, _translated():
                core = self._files.core(profile)
                if profile:
                    region = core.get_scoped_config().get("region", "")
                else:
                    region = core.get_config_variable("region") or ""
                self._regions[profile] = region
        return region

    def hub_is_chained(self, profile: str) -> bool:
        hub = self._hub(profile)
        if hub.is_chained is None:
            self.bulkhead.call(partial(hub.find_out, profile), patience=PATIENCE_OF_PAGES)
        return bool(hub.is_chained)

    def _hub(self, profile: str) -> _Hub:
        return self._hubs.get(profile) or self._hubs.setdefault(profile, _Hub())


class _Sessions:
    """Sessions of botocore and boto3 by profile; use them while holding the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._cores: dict[str, botocore.session.Session] = {}
        self._sessions: dict[str, boto3.Session] = {}

    def boto3(self, profile: str) -> boto3.Session:
        if (session := self._sessions.get(profile)) is None:
            session = boto3.Session(botocore_session=self.core(profile))
            self._sessions[profile] = session
        return session

    def core(self, profile: str) -> botocore.session.Session:
        if (core := self._cores.get(profile)) is None:
            # With a profile of its own, botocore passes over the keys in the environment: they are the chain's.
            core = botocore.session.Session(
                session_vars={"region": _REGION}, profile=profile or None
            )
            self._cores[profile] = core
        return core


class _Hub:
    """The credentials of one hub and its STS clients. Whoever loads credentials may wait for others; see `call`."""

    def __init__(self) -> None:
        self.is_chained: bool | None = None  # None until it is known; it does not change.
        self._sessions = _Sessions()
        self._credentials: Credentials | None = None
        self._sts: dict[str, STSClient] = {}

    def sts(self, region: str, profile: str) -> STSClient:
        if (client := self._sts.get(region)) is None:
            with self._sessions.lock, _translated():
                if (client := self._sts.get(region)) is None:
                    client = self._sts[region] = self._make_sts(region, profile)
        return client

    def client(self, service: str, region: str, profile: str) -> Any:
        with self._sessions.lock, _translated():
            session = self._sessions.boto3(profile)
            self._load_credentials(profile)
            client: Any = session.client(service, region_name=region, config=_config())  # type: ignore[call-overload]
        return client

    def find_out(self, profile: str) -> None:
        """Find out whether the credentials are temporary."""
        with _translated():
            with self._sessions.lock:
                credentials = self._load_credentials(profile)
            self.is_chained = bool(credentials.get_frozen_credentials().token)

    def _make_sts(self, region: str, profile: str) -> STSClient:
        session = self._sessions.boto3(profile)
        self._load_credentials(profile)
        region = region or session.region_name or ""
        if not region:
            raise errors.NO_REGION.error()
        return session.client("sts", region_name=region, config=_config())

    def _load_credentials(self, profile: str) -> Credentials:
        # A client made without credentials stays without: none is made before the chain has found some.
        if self._credentials is None:
            self._credentials = self._sessions.boto3(profile).get_credentials()
            if self._credentials is None:
                raise errors.NO_CREDENTIALS.error()
        return self._credentials


def _config() -> Config:
    _pin_loggers()
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CALLS_AT_ONCE,
        user_agent_extra=USER_AGENT,
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        with failures.translated():
            yield
    except ValueError:
        # botocore on an endpoint that is no URL. Its text quotes it, password and all.
        raise errors.ENDPOINT.error() from None


_clients = _Clients()
# Connections, locks and threads do not survive a fork.
os.register_at_fork(after_in_child=reset)
