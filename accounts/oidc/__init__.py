"""What is known of identity providers and their tokens: documents, keys, verification, subjects."""
