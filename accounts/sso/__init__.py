"""Who lets a command line in, and what it then shows: `aws sso login`, as IAM Identity Center's own services do it.

refusals       why a command line is refused
registrations  clients: anybody may be one, so they are signed, and stored nowhere
browser        a code that comes back to the same machine by its browser (RFC 8252, RFC 7636)
devices        a code that somebody types (RFC 8628)
tokens         what either ends with: tokens that hang from the sign-in of who let it in
"""
