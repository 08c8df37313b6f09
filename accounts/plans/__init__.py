"""Changes to the directory and the mappings, whoever asks for them: compare, show, apply, record.

entries      what there can be, as frozen pydantic models: environments, accounts, ..., mappings
validation   what must hold before entries are applied, with all that is wrong at once
model_rules  of that, the rules of the models
renames      entries under new names, and all that refers to them
ownership    which file manages what, and what is pruned
access       whose access a plan changes, and whom it must not lock out
plan_files   a plan as a file, to be applied later
uploads      plans that wait in the database for a confirmation
changes      entries against the database: what is added and changed, in words and for the audit trail
apply        all of it in one transaction, or nothing
stored       database -> entries
writing      entries -> database, in a bounded number of statements
complaints   what is wrong, all of it at once
notation     how values are written for people: as TOML writes them
toml_file    the first source of changes: one readable file
"""
