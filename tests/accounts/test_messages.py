"""Messages: English by themselves, with their facts at hand."""

from __future__ import annotations

import pytest

from accounts.durations import Duration
from accounts.errors import AccessDenied, GatehouseError
from accounts.messages import Message


@pytest.mark.parametrize(
    ("message", "english"),
    [
        (Message("Nothing was issued."), "Nothing was issued."),
        (Message("100 % of %(nothing)s"), "100 % of %(nothing)s"),
        (Message("%(role)s is 100 %% yours.", role="Dev"), "Dev is 100 % yours."),
        (Message("At most %(count)s.", count=1200), "At most 1,200."),
        (Message("It lasts %(time)s.", time=Duration(5400)), "It lasts 1 hour 30 minutes."),
        (Message.counted("%(count)s role.", "%(count)s roles.", count=1), "1 role."),
        (Message.counted("%(count)s role.", "%(count)s roles.", count=0), "0 roles."),
        (Message("No.") + Message("Ask %(who)s.", who="Carol"), "No. Ask Carol."),
        (Message("Because: %(why)s", why=Message("no groups")), "Because: no groups"),
    ],
)
def test_message_is_english_by_itself(message: Message, english: str) -> None:
    assert str(message) == english


def test_message_has_the_facts_of_all_its_sentences() -> None:
    message = Message("%(role)s is not yours.", role="Dev") + Message("Ask %(who)s.", who="Carol")

    assert message.facts == {"role": "Dev", "who": "Carol"}


def test_error_keeps_its_message_and_is_english_for_admins_and_programs() -> None:
    error: GatehouseError = AccessDenied(Message("%(role)s is not yours.", role="Dev"))

    assert error.message.facts == {"role": "Dev"}
    assert (error.user_message, error.admin_message, str(error)) == ("Dev is not yours.",) * 3


def test_error_with_a_text_says_that_text_whatever_is_in_it() -> None:
    assert AccessDenied("50 % of %s").user_message == "50 % of %s"
