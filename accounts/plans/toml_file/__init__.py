"""One readable TOML file as a source of changes, and as what the directory is exported to.

positions   on which line of the file each key stands
parse       text -> entries, with every complaint that needs no database
faults      what pydantic finds wrong with a table, in the file's words
files       several files as one proposal
schema      the JSON schema of a file, for editors
apply       a file's entries applied, each complaint with its line
export      entries -> text
"""
