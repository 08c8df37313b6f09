"""What AWS's own tools ask IAM Identity Center for: its services sso-oidc and sso, at the root of the host."""
