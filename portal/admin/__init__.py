"""Django's admin over the tables, for portal admins; auditors look. Every change is audited in its own transaction.

site            who may enter, and where a change came from
lookups         what an address may ask of a page, so that nothing it holds makes one fail
edit_conflicts  two admins at once: the second is told what the first has changed
audited         what every editable page shares: before, after, and the audit row that must be written
fields          tags as lines, account ids as people copy them, autocomplete without a query per row
directory       environments, accounts, permission sets, account roles
mappings        mappings and their targets, with the preview of what one gives
issuers         the trusted issuers of workloads
people          people (an admin may block one) and their sign-ins, without tokens
tokens          tokens of the portal, for looking at and revoking
audit           the audit trail, for reading only
"""
