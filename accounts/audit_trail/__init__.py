"""What leaves the audit trail, and what proves that it is whole.

rows     a row as JSON and as CSV
streams  all rows of a search, in memory that does not grow with them
"""
