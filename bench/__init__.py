"""Measure the start page beside a static page on the same server: `python -m bench.run`."""
