"""Write objects to S3 that must not be there yet."""

from __future__ import annotations

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from accounts.aws.failures import translated

_CONFIG = Config(
    connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2}
)


def put_once(*, bucket: str, key: str, body: bytes, region: str) -> bool:
    """Write an object unless one of that key is there (conditional write); return whether it was written.

    S3 user guide, "How to prevent object overwrites with conditional writes". Acts as the portal's own principal.

    Raises:
        GatehouseError: S3 refuses, or does not answer.
    """
    with translated():
        client = Session().client("s3", region_name=region or None, config=_CONFIG)
        try:
            client.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType="application/jsonl",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "PreconditionFailed":
                return False
            raise
    return True
