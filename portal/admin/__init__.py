"""Django's admin over the tables: portal admins edit, auditors look. Each change and its audit row are one transaction.

site            who may enter, and the first page
shown           how pages show columns: hidden characters marked, moments in one form
lookups         checks of query strings and row ids, so that no address makes a page fail
edit_conflicts  two admins edit one row at once: the second is told what the first has changed
audited         editable pages: each change is recorded with before and after
history         what the audit trail says was changed in a row
read_only       pages for looking only
snapshots       the state of a row, as the audit trail keeps it
fields          form fields: tags as lines, account ids, durations, autocomplete without a query per row
directory       environments, accounts and their roles
role_tests      test this role: buttons, and how the last tests ended
permission_sets roles as they are offered
mappings        mappings, with the preview of what one gives
mapping_forms   the form of a mapping and of its targets
issuers         the trusted issuers of workloads
people          people: an admin may block one
access_of_people  what a person has right now, below their page; buttons that end it
signins         sign-ins, to look at and end, without the provider's tokens
blocks          blocks of identities never seen, and of claim values
revocations     cut live sessions at AWS, and how far that is
tokens          the portal's tokens, to look at and revoke
jobs            what the worker does, has done, and could not do
audit           the audit trail
"""
