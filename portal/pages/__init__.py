"""The pages people see: one module per page."""
