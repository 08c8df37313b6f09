"""Sessions with roles: what the embedded AWS knows of keys it has given out, beyond what moto keeps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.cloud.conditions import Context, key_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session with a role. Times are in seconds since 1970; tag keys as they were given."""

    role_arn: str
    arn: str
    user_id: str
    expires_at: float
    issued_at: float = field(default_factory=time.time)
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    policy: str = ""
    federated_provider: str = ""

    @property
    def inherited(self) -> dict[str, str]:
        """The tags that sessions with further roles inherit."""
        return {key: value for key, value in self.tags.items() if key in self.transitive}

    def context(self) -> Context:
        """Return the condition keys that a request with the keys of this session has."""
        keys = {
            "aws:PrincipalArn": self.role_arn,
            "aws:PrincipalAccount": self.role_arn.split(":")[4],
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": self.user_id,
            "aws:TokenIssueTime": str(int(self.issued_at)),
            "aws:MultiFactorAuthPresent": "false",
            **{f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()},
        }
        if self.source_identity:
            keys["aws:SourceIdentity"] = self.source_identity
        if self.federated_provider:
            keys["aws:FederatedProvider"] = self.federated_provider
        return {key_name(name): (value,) for name, value in keys.items()}
