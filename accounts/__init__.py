"""What the portal knows and may do: AWS accounts, roles, mappings, entitlements, and the one door to keys.

"Accounts" are AWS accounts, never people's logins. All tables live here. `portal` imports this
package, never the reverse. Data flows one way:

    claims + mappings -> entitlements (decide) -> trust -> aws/* (act) -> audit (record) -> released once
"""

from __future__ import annotations

__version__ = "0.1.0"
