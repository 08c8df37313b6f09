"""The command `gatehouse`: AWS keys and consoles from a portal, with Python's standard library only.

cli            command line -> one of the commands; errors -> standard error and an exit code
commands       what each command does
profiles       the output of credential_process, and profiles for ~/.aws/config
programs       run a program with keys in its environment
portal         the portal's API
signin         the saved sign-in: stored, refreshed, signed out
loopback       sign in with the browser of this machine (RFC 8252, RFC 7636)
device         sign in with a browser elsewhere (RFC 8628)
provider       the identity provider's endpoints
private_files  files that only their owner can read, and locks between processes
settings       the portal's URL, the folder, environment variables
transport      HTTP: certificates checked, bounded, no redirects followed
errors         what can go wrong, with exit codes
"""
