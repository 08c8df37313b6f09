"""Sign-in for programs without a browser: the device authorization grant (RFC 8628), by Authlib."""

from __future__ import annotations

import time
from typing import Any

from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant

from demo.identity.identity_provider import DEVICE_LIFETIME, DeviceCode, IdentityProvider, Session


def device_grant(provider: IdentityProvider) -> tuple[type, type]:
    """Return the endpoint that issues device codes, and the grant that exchanges them."""

    class Endpoint(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # Authlib has no types.
        CLIENT_AUTH_METHODS = ["none"]
        EXPIRES_IN = DEVICE_LIFETIME
        INTERVAL = provider.device_interval

        def get_verification_uri(self) -> str:
            return f"{provider.issuer}/device"

        def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
            provider.device_codes[data["device_code"]] = DeviceCode(
                client_id=client_id,
                scope=scope,
                user_code=data["user_code"],
                expires_at=time.time() + data["expires_in"],
                interval=data["interval"],
            )

    class Grant(DeviceCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

        def query_device_credential(self, device_code: str) -> DeviceCode | None:
            self.device_code = device_code
            return provider.device_codes.get(device_code)

        def query_user_grant(self, user_code: str) -> tuple[Session | None, bool] | None:
            pending = provider.device_codes[self.device_code]
            if pending.session is None and not pending.refused:
                return None
            # A device code works once.
            provider.device_codes.pop(self.device_code, None)
            allowed = pending.session is not None and provider.is_open(pending.session)
            return pending.session, allowed

        def should_slow_down(self, credential: DeviceCode) -> bool:
            now, before = time.time(), credential.asked_at
            credential.asked_at = now
            if now - before >= credential.interval - 0.5:
                return False
            credential.interval += 5
            return True

    return Endpoint, Grant
