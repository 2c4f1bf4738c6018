import re
from html.parser import HTMLParser

import pytest

from mlops.cli.canary_page import page
from mlops.rollout import AlarmWindow, CanaryPolicy, Expectation, Plan, Setting, Target, plan_canary

SETTING = Setting(
    policy=CanaryPolicy(bake_minutes=15),
    window=AlarmWindow(),
    error_ratio=0.02,
    model_error_ratio=0.02,
    latency_p99_ms=300.0,
)


def _plan(requests_per_minute: float = 300) -> Plan:
    expected = Expectation(requests_per_minute=requests_per_minute, latency_p99_ms=200)
    return plan_canary(SETTING, expected, Target())


class _Tags(HTMLParser):
    """Open tags, to see that each is closed."""

    _VOID = ("meta", "line", "polyline")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("requests_per_minute", [1, 300])
def test_the_page_is_whole_and_loads_nothing(requests_per_minute: float) -> None:
    text = page(_plan(requests_per_minute), model="bike-demand", stage="prod", patch="a: 1")
    tags = _Tags()
    tags.feed(text)

    assert tags.open == []
    assert tags.seen.count("svg") == 4
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert not re.search(r"https?://|url\(|@import|src=", text)
    assert "nan" not in re.sub("[a-z]nan|nan[a-z]", "", text)


def test_the_page_compares_the_configured_with_the_cheapest_and_with_a_diluted_alarm() -> None:
    plan = _plan()
    assert plan.cheapest is not None
    share = plan.cheapest.setting.policy.size_percent

    text = page(plan, model="bike-demand", stage="prod", patch="")

    assert share != SETTING.policy.size_percent
    assert '<tr class="now"><td>configured</td><td>10 %</td><td>15 min</td>' in text
    assert f'<tr class="best"><td>cheapest</td><td>{share} %</td><td>6 min</td>' in text
    assert "same alarms on the whole endpoint" in text
    assert 'class="good">In short' in text


def test_a_canary_that_misses_the_target_says_so_and_names_no_cheapest() -> None:
    text = page(_plan(1), model="bike-demand", stage="prod", patch="")

    assert 'class="bad">In short' in text
    assert "<td>cheapest</td>" not in text
    assert "<pre>" not in text


def test_what_comes_from_a_contract_is_escaped() -> None:
    text = page(_plan(), model="<b>", stage="prod", patch="key: <i>")

    assert "<b>" not in text
    assert "key: &lt;i&gt;" in text
