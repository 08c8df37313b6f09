"""AWS itself: the only place that imports boto3; knows no Django and no settings."""
