"""What does not fit its place is told with its path; what fits becomes the dataclass."""

from dataclasses import dataclass

import pytest

from mlops.checks.literals import LiteralError, read


@dataclass(frozen=True, kw_only=True)
class Wheel:
    inches: float
    spare: bool = False


@dataclass(frozen=True, kw_only=True)
class Bike:
    name: str
    wheels: tuple[Wheel, ...]
    bell: int | None
    note: object


BIKE = {"name": "a", "wheels": [{"inches": 28}], "bell": None, "note": [1, {"x": None}]}


def test_json_becomes_the_dataclass_and_a_whole_number_is_a_number_too() -> None:
    wheel = Wheel(inches=28.0)

    assert read(Bike, BIKE, at="bike") == Bike(
        name="a", wheels=(wheel,), bell=None, note=[1, {"x": None}]
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": 1}, "bike.name: got 1; allowed: a text"),
        ({"wheels": "ab"}, "bike.wheels: got 'ab'; allowed: a list"),
        ({"wheels": [{"inches": True}]}, r"bike.wheels\[0\].inches: got True; allowed: a number"),
        ({"wheels": [{"inches": 1, "spare": 0}]}, "spare: got 0; allowed: true or false"),
        ({"wheels": [7]}, r"bike.wheels\[0\]: got 7; allowed: an object"),
        ({"bell": 1.5}, "bike.bell: got 1.5; allowed: a whole number"),
        ({"horn": 1}, "bike.horn: unknown; allowed: bell, name, note, wheels"),
    ],
)
def test_what_does_not_fit_is_told_by_its_path(changed: dict[str, object], said: str) -> None:
    with pytest.raises(LiteralError, match=said):
        read(Bike, BIKE | changed, at="bike")


def test_what_is_missing_is_told_by_its_path() -> None:
    with pytest.raises(LiteralError, match=r"bike\.bell: missing"):
        read(Bike, {key: value for key, value in BIKE.items() if key != "bell"}, at="bike")
