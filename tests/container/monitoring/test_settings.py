import json
from typing import Any

import pytest

from mlops.container.monitoring import Limit, MonitoringError, Settings


def test_settings_survive_a_file() -> None:
    given = Settings(
        psi=0.2,
        minimum_rows=50,
        ignored=("month",),
        groups=("sex",),
        limits=(Limit(metric="r2", comparison="at_least", threshold=0.9),),
    )
    text = json.dumps(given.to_json())

    assert Settings.read(json.loads(text), source="constraints.json") == given


def test_what_is_left_out_has_its_default() -> None:
    assert Settings.read({}, source="x") == Settings()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"psii": 1}, "psii is not a setting; allowed: false_discovery_rate, psi"),
        ({"psi": "a"}, "psi is 'a'"),
        ({"psi": 0}, "psi is 0.0; allowed: more than 0"),
        ({"psi": 0.3}, "up to major_psi .0.25."),
        ({"minimum_rows": 1.5}, "minimum_rows is 1.5"),
        ({"minimum_rows": True}, "minimum_rows is True"),
        ({"minimum_rows": 0}, "allowed: 1 or more"),
        ({"false_discovery_rate": 1}, "allowed: more than 0 and less than 1"),
        ({"missing_tolerance": 0}, "missing_tolerance is 0.0"),
        ({"ignored": "month"}, "ignored is 'month'"),
        ({"groups": [1]}, r"groups is \[1\]"),
        ({"limits": [{"metric": "r2", "comparison": "above", "threshold": 1}]}, "limits is"),
        ({"limits": [{"metric": "r2"}]}, "limits is"),
        ({"limits": 3}, "limits is 3"),
        ({"volume_factor": 0.5}, "volume_factor is 0.5"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(content: dict[str, Any], said: str) -> None:
    with pytest.raises(MonitoringError, match=said) as caught:
        Settings.read(content, source="constraints.json")

    assert str(caught.value).startswith("constraints.json: ")
    assert "remedy: " in str(caught.value)
