"""A release is known by what it is made of."""

import math

import pytest

from mlops.rollout.release import release_hash

SETTINGS = {"package": "arn:1", "instances": 2, "canary": {"size_percent": 10}}


def test_equal_settings_have_one_hash_in_whatever_order_they_are_written() -> None:
    turned = dict(reversed(SETTINGS.items()))

    assert release_hash(SETTINGS) == release_hash(turned)
    assert release_hash(SETTINGS) == "2430fec4e7e9"


@pytest.mark.parametrize(
    "change",
    [{"package": "arn:2"}, {"instances": 3}, {"canary": {"size_percent": 20}}, {"more": None}],
)
def test_any_other_setting_is_another_release(change: dict[str, object]) -> None:
    assert release_hash(SETTINGS | change) != release_hash(SETTINGS)


def test_the_hash_is_twelve_hexadecimal_digits() -> None:
    assert len(release_hash({})) == 12
    assert int(release_hash({}), 16) >= 0


def test_what_json_cannot_write_is_refused() -> None:
    with pytest.raises(TypeError):
        release_hash({"set": {1, 2}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        release_hash({"threshold": math.inf})
