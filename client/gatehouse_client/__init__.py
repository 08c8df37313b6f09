"""The command `gatehouse`: AWS keys and consoles from a portal, with nothing but Python's standard library.

cli       what is typed -> one of the commands; errors -> a line on standard error and an exit code
commands  what each of them does
profiles  what AWS's tools read: the answer of a credential_process, lines for ~/.aws/config
running   a program with keys in its environment
portal    what the portal answers
signin    who is signed in: tokens kept, refreshed, given back
loopback  sign in with the browser of this machine (RFC 8252, RFC 7636)
device    sign in with the browser of another one (RFC 8628)
provider  the identity provider's addresses and its token endpoint
private   files for their owner alone, and locks between processes
places    the portal's address, the folder, the variables of the environment
web       HTTP: verified, bounded, no redirect followed
errors    what can go wrong, and the exit code it ends with
"""
