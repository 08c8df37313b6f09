"""Any account role and any template, for the property tests of rules and patterns."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from accounts.patterns import PLACEHOLDERS
from accounts.types import Environment, OfferedRole

READ_ONLY = OfferedRole(
    id=1,
    account_id="123456789012",
    account_name="payments-prod",
    partition="aws",
    environment=Environment("production", "Production", "red"),
    organizational_unit="Workloads/Payments/EU",
    tags=(("team", "payments"),),
    region="eu-west-1",
    role_name="ReadOnly",
    iam_path="/gatehouse/",
    iam_role_name="ReadOnly",
    description="",
    session_duration=3600,
    destination="",
    privileged=False,
    console=True,
    keys=True,
)

roles = st.builds(
    replace,
    st.just(READ_ONLY),
    account_id=st.text(alphabet="0123456789", min_size=12, max_size=12),
    account_name=st.text(min_size=1, max_size=8),
    environment=st.none() | st.builds(Environment, st.text(max_size=5), st.just(""), st.just("")),
    role_name=st.text(min_size=1, max_size=8),
    iam_path=st.just("/") | st.from_regex(r"\A/[!-~]{1,6}/\Z"),
    iam_role_name=st.text(min_size=1, max_size=8),
)
_pieces = st.sampled_from([f"{{{name}}}" for name in PLACEHOLDERS]) | st.text(
    alphabet="ar-/*:{}", max_size=3
)
templates = st.lists(_pieces, min_size=1, max_size=6).map("".join)
