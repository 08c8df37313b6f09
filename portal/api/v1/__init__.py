"""/api/v1: what the pages can do, for programs; described by OpenAPI.

api         the NinjaAPI object: authentication, errors, URLs
auth        the subject behind a request, and what it may read
schemas     what requests and responses hold; those of one subject have a module of their own: audit_schemas,
            directory_schemas, error_schemas, explanation_schemas, onboarding_schemas, plan_schemas,
            revocation_schemas, trust_check_schemas
examples    an example of each schema
document    the OpenAPI document: what each response means
pagination  lists in pages
client      how the command line signs people in; public
me          who am I, what may I do and why
issuing     keys and console links, through the one door
directory   accounts, permission sets and mappings, for portal admins and auditors
onboarding  what makes accounts trust the portal, for portal admins
plans       plan and apply files, by plan_schemas
trust_checks  test roles at AWS
revocations  cut live sessions at AWS, by revocation_schemas
audit       the audit trail, for the same
"""
