"""The demo: an embedded identity provider, an embedded AWS, and a company, Northwind, that uses them.

The portal in the demo is the shipped one, run by gunicorn and configured by environment variables
only. This package is never imported by `portal` or `accounts`.
"""
