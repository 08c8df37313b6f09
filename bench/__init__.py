"""Measures the portal: `make bench` prints one table of ratios of one run."""
