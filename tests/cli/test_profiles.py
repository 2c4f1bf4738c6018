"""A stage's own profile goes before the one that is meant for all."""

import pytest

from mlops.cli.profiles import profile_of


@pytest.mark.parametrize(
    ("profiles", "profile"),
    [
        ((), None),
        (("all",), "all"),
        (("prod=p",), "p"),
        (("dev=d",), None),
        (("all", "prod=p"), "p"),
        (("prod=p", "all"), "p"),
    ],
)
def test_the_profile_of_a_stage(profiles: tuple[str, ...], profile: str | None) -> None:
    assert profile_of(profiles, "prod") == profile
