"""Everything OpenID Connect as a relying party: discovery, tokens, callback, logout."""
