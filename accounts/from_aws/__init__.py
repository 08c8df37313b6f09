"""What AWS has already becomes entries of a plan, with what cannot be carried over named.

access                 the keys with which the portal reads
organization_reading   all accounts of an organization, read in steps that can be interrupted
organization_entries   what was read -> entries of accounts, and how much would go
organization_sync      read, plan, and apply or propose
identity_center        an instance of IAM Identity Center -> a TOML file
"""
