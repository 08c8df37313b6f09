"""Django's admin over the tables, for portal admins; auditors look. Every change is audited in its own transaction.

asked      what an address may ask of a page, so that nothing it holds makes one fail
audited    what every editable page shares: before, after, and the audit row that must be written
fields     tags as lines, account ids as people copy them, autocomplete without a query per row
directory  environments, accounts, permission sets, account roles
mappings   mappings and their targets, with the preview of what one gives
issuers    the trusted issuers of workloads
people     people (an admin may block one) and their sign-ins, without tokens
tokens     tokens of the portal, for looking at and revoking
trail      the audit trail, for reading only

The site itself (who may enter, where from) is the portal's: `portal.admin_site`.
"""

from __future__ import annotations

from accounts.admin import directory, issuers, mappings, people, tokens, trail

__all__ = ["directory", "issuers", "mappings", "people", "tokens", "trail"]
