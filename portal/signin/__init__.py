"""The views of OpenID Connect as a relying party: start, callback, logout; `accounts.oidc` verifies."""
