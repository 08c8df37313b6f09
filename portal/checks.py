"""System checks: refuse a bad configuration at start, with all messages at once."""
