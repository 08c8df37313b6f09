"""The AWS SSO wire: the two APIs of IAM Identity Center that AWS's tools call, at the root of the host."""
