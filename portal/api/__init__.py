"""The API for programs, by bearer token: cookies count nowhere here, and other sites' scripts cannot read it.

bearer              the subject behind a request, by its Authorization header
errors              all errors in one shape
credentials_issuer  /api/credentials and /api/login, compatible with aws-credentials-issuer
docs                the page of documentation
v1                  /api/v1
"""
