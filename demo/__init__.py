"""The demo's world: an embedded identity provider, an embedded AWS, and Northwind, the company that uses them.

The portal in the demo is the shipped one, run by gunicorn and configured by environment variables
alone. This package is never imported by `portal` or `accounts`.
"""
