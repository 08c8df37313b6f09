"""The handler to compare with: keys for a role as the first such portals gave them.

The provider's keys are read from a file and an STS client is built for each request; what the
token says is what is allowed, and nothing is recorded.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
from joserfc import jwt
from joserfc.jwk import KeySet

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_KEYS = Path(os.environ["BENCH_KEYS"])
_AUDIENCE = os.environ["API_AUDIENCES"]
_REGION = os.environ["AWS_REGION"]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer `GET /api/credentials?role=ARN` as WSGI."""
    if environ["PATH_INFO"] == "/healthz":
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    found = _credentials(
        role_arn=parse_qs(environ["QUERY_STRING"])["role"][0],
        token=environ["HTTP_AUTHORIZATION"].partition(" ")[2],
    )
    body = json.dumps(found, indent=4).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]


def _credentials(*, role_arn: str, token: str) -> dict[str, str]:
    keys = KeySet.import_key_set(json.loads(_KEYS.read_text()))
    claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
    if claims["aud"] != _AUDIENCE or claims["exp"] < time.time():
        raise PermissionError("the token is not for this, or no longer")
    role = role_arn.rpartition("/")[2].lower()
    if not any(group.endswith(f"-{role}") for group in claims["groups"]):
        raise PermissionError("role not allowed")
    keys_of_aws = boto3.client("sts", region_name=_REGION).assume_role(
        RoleArn=role_arn, RoleSessionName=claims["email"], DurationSeconds=3600
    )["Credentials"]
    return {
        "AccessKeyId": keys_of_aws["AccessKeyId"],
        "Expiration": keys_of_aws["Expiration"].isoformat(),
        "SecretAccessKey": keys_of_aws["SecretAccessKey"],
        "SessionToken": keys_of_aws["SessionToken"],
    }
