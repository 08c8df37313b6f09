"""The portal as an issuer: short tokens that AWS exchanges for a session, and the keys that sign them.

web_identity      the token of one session with one role, for AssumeRoleWithWebIdentity, and of an account's revoker role
documents         discovery document and key set, as AWS reads them
served_documents  the documents as this process last read them, for when the database is down
key_states        which key signs, and which are published: pure functions of their moments
private_keys      make, encrypt and decrypt key pairs
stored_keys       the rows of the keys: read, create and change them, and record it
rotation          which key signs next, by plan and in an emergency

The private keys and the tokens never leave the server.
"""

from __future__ import annotations

from accounts.signing.documents import issuer_url
from accounts.signing.web_identity import (
    SUBJECT,
    audience,
    mint,
    mint_for_revoker,
    subject_for,
    subject_of_revoker,
)

__all__ = [
    "SUBJECT",
    "audience",
    "issuer_url",
    "mint",
    "mint_for_revoker",
    "subject_for",
    "subject_of_revoker",
]
