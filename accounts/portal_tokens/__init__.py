"""The portal's own tokens: what a machine without a token of the identity provider shows to the API.

lifecycle  create, list and revoke tokens
scopes     what a new token can be limited to
bearers    the subject a token stands for: the person who created it, or a machine
"""
