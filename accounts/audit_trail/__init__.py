"""What leaves the audit trail, and what proves that it is whole.

streams       all rows of a search, in memory that does not grow with them
batches       rows are sealed in batches, which are chained by a hash
deliveries    sealed batches go to a webhook and to S3
retention     old batches are deleted
traces        who was behind an event of CloudTrail or an access key
verification  which row breaks the chain first
"""
