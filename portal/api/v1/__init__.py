"""/api/v1: what the pages can do, for programs, described by OpenAPI.

surface    the API object: who asks, errors in one shape, the document
who        the subject behind a request, and what it may read
shapes     what is sent and answered
examples   one of each
document   the OpenAPI document: what each answer means
paging     lists in parts
client     how the command line signs people in; public
me         who am I, what may I do and why
issuing    keys and console links, through the one door
directory  accounts, permission sets and mappings, for those who administer or audit
trail      the audit trail, for the same
"""
