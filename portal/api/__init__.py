"""The API for programs, by bearer token: cookies open nothing here, and no other site's script may read it.

bearer    the Authorization header of a request -> the subject behind it
errors    one shape for everything that can go wrong
original  /api/credentials and /api/login, as the first issuer of this kind had them
"""
