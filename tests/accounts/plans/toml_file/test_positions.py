"""Where things stand in a file, whatever strings and comments try to hide."""

from __future__ import annotations

from accounts.plans.toml_file.positions import line_of, positions

TRICKY = '''\
# [[account]] in a comment
[[account]] # the first
name = "a # not a comment [[account]]" # "a comment
notes = """
[[account]]
name = 'inside' \\""" still inside
two quotes end it"""""

[[account]]
'quoted key' = \'\'\'[[account]]
"\'\'\'
tags.team = "dotted"
roles = [ # comment ]
  "ReadOnly", "Operator",
  { permission_set = "Billing", nested = { deep = [1.5,
    2027-01-01 00:00:00Z] } },
  [[3], "x"],
]
[account.more]
key = true
[plain]
[[plain.inside]]
x = 1
'''


def test_positions_finds_every_key_and_element() -> None:
    lines: dict[tuple[str | int, ...], int] = {
        ("account",): 2,
        ("account", 0): 2,
        ("account", 0, "name"): 3,
        ("account", 0, "notes"): 4,
        ("account", 1): 9,
        ("account", 1, "quoted key"): 10,
        ("account", 1, "tags", "team"): 12,
        ("account", 1, "roles"): 13,
        ("account", 1, "roles", 1): 14,
        ("account", 1, "roles", 2, "permission_set"): 15,
        ("account", 1, "roles", 2, "nested", "deep", 1): 16,
        ("account", 1, "roles", 3, 0, 0): 17,
        ("account", 1, "roles", 3, 1): 17,
        ("account", 1, "more", "key"): 20,
        ("plain",): 21,
        ("plain", "inside", 0, "x"): 23,
    }

    found = positions(TRICKY)

    assert {path: found[path] for path in lines} == lines


def test_positions_counts_the_lines_of_windows_too() -> None:
    text = '[[account]]\r\nname = "a"\r\n\r\n[[account]]\r\n'

    assert positions(text)["account", 1] == 4


def test_line_of_a_key_that_is_missing_is_that_of_its_table() -> None:
    lines = positions('\n\n[[account]]\nname = "a"\n')

    assert line_of(lines, ("account", 0, "account_id")) == 3
