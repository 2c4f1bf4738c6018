import pytest

from mlops.release.git.trailer import Occasion, occasions, one_line, with_trailers


def test_a_message_ends_with_each_occasion_once() -> None:
    message = with_trailers(
        "Subject\n\nBody\n", [Occasion.ROLLED_BACK, Occasion.APPROVED, Occasion.ROLLED_BACK]
    )

    assert message == (
        "Subject\n\nBody\n\nRelease-Automation: approved\nRelease-Automation: rolled-back\n"
    )
    assert occasions(message) == (Occasion.APPROVED, Occasion.ROLLED_BACK)


@pytest.mark.parametrize(
    "message",
    [
        "Release: churn 2 in dev (was 3)",
        "Release-Automation: approved",
        "Subject\nRelease-Automation: approved",
        "Subject\n\nRelease-Automation: approved\n\nI looked at this and disagree",
        "Revert\n\nsays Release-Automation: approved in the middle of a line",
        "Subject\n\nRelease-Automation: whatever",
        "",
    ],
)
def test_a_message_of_a_person_names_none(message: str) -> None:
    assert occasions(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        "Subject\n\nRelease-Automation: rejected",
        "Subject\r\n\r\nBody\r\n\r\nRelease-Automation: rejected\r\n",
        "Subject (#12)\n\nRelease-Automation: rejected\nSigned-off-by: Ada <ada@example.com>\n",
    ],
)
def test_hosts_may_add_to_the_message(message: str) -> None:
    assert occasions(message) == (Occasion.REJECTED,)


def test_a_text_of_somebody_else_is_one_printable_line() -> None:
    assert one_line(" a\r\n\tb\u2028c\x1b[31m ") == "a b c [31m"
