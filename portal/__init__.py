"""How people and programs reach the portal: sign-in and pages; it decides nothing itself.

Every key and every console sign-in comes from `accounts.access`. Surfaces are independent of each other.
"""
