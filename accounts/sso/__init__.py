"""Command-line access: the OAuth server behind `aws sso login`, as IAM Identity Center has one.

errors               why a command line is refused
registrations        clients: anybody can be one, so they are signed and not stored
authorization_codes  access through the browser of the same machine (RFC 8252, RFC 7636)
device_codes         access by a code that somebody types in a browser elsewhere (RFC 8628)
client_tokens        the tokens that both end with; they end with the sign-in of who allowed them
"""
