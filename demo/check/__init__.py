"""`manage.py demo --check`: alice signs in and takes keys and a console, mallory gets nothing; without a browser."""
