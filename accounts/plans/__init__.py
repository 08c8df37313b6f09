"""Configuration as code: parse, diff, apply, export."""
