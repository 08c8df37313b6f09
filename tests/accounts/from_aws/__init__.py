"""What AWS has already as plans: AWS Organizations, Identity Center, IAM."""
