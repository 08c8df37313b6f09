"""Change the AWS access portal by command."""
