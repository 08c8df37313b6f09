"""Configuration as code: one readable TOML file for the directory and the mappings.

text -> parse (values, each with its place) -> check (every complaint at once) -> diff -> apply
database -> stored (the same values) -> export -> text

values       what a file and the database both say, as frozen values
positions    on which line of the file each key stands
complaints   what is wrong, collected so that all of it is told at once
reading      one table of the file, read key by key
parse        text -> values
check        the models' own rules, references, and two roles with one ARN
stored       database -> values
diff         what a file would change, in words for people and for the audit trail
apply        all of it in one transaction, or nothing
writing      values -> database, in a bounded number of statements
export       values -> text, through tables (the file's words) and toml (its syntax)
"""
