"""The worker, `manage.py work`: it does the jobs of `accounts.jobs`. Nothing that denies access depends on it.

handlers  what there is to do, by the kind of job, and how often
loop      take jobs that are due, do them in threads, keep their leases
"""
