"""A database engine for Django's settings: SQLite, with what is asked again and again rewritten once."""
