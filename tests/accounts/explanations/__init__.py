"""Explanations of access."""
