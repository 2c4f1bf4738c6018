"""What must come of each fault is written down before anything runs."""

import json

import pytest

from mlops.rehearsal.canary.faults import EXPECTATIONS, FAULT_NAMES, expectations, faults
from mlops.rehearsal.errors import RehearsalError


def test_every_fault_has_an_expected_ending_and_a_reason() -> None:
    found = expectations()

    assert set(found) == set(FAULT_NAMES)
    assert all(expectation.why for expectation in found.values())


def test_a_good_version_is_promoted_and_silence_is_no_pass() -> None:
    found = expectations()

    assert found["none"].ending == found["identical"].ending == "promoted"
    assert found["no-traffic"].ending == "inconclusive"


def test_a_backstop_changes_what_a_sick_old_fleet_means() -> None:
    sick = expectations()["sick-blue"]

    assert sick.for_template(has_backstop=False) == "promoted"
    assert sick.for_template(has_backstop=True) == "rolled back"


def test_delays_follow_the_objective() -> None:
    green = faults(objective_seconds=0.2, seed=0)["latency"].green

    assert green is not None
    assert green["seconds"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda content: content.pop("none"), "differs in: none"),
        (lambda content: content.update(flood={"ending": "promoted", "why": "x"}), "flood"),
        (lambda content: content["none"].update(ending="fine"), "none expects 'fine'; allowed"),
    ],
)
def test_a_file_that_expects_something_else_is_refused(tmp_path, edit, named: str) -> None:
    content = json.loads(EXPECTATIONS.read_text())
    edit(content)
    path = tmp_path / "expectations.json"
    path.write_text(json.dumps(content))

    with pytest.raises(RehearsalError, match=named):
        expectations(path)
