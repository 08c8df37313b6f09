"""The pages that people see.

One module per page: read the request, make one call into `accounts`, render a template.

start, activity, console, keys, bulk_keys, config_file, shortcuts, favourites, preferences, tokens, authorize, device, explain
                 the pages; errors has the error pages
own_roles        what the person who is signed in may use: the one thing that is remembered between requests
account_list     the rows of the start page as values; account_html renders them, search finds in them
tiles, chips, summary, no_accounts
                 the other parts of the start page
role_request     reads the role, duration, region and destination that a link or form asks for
entitled         looks up one role for a page that asks before the door is used
key_formats, cli_profiles
                 the texts that people copy; client_programs says which programs can use them
"""
