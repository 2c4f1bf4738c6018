"""Which AWS profile is meant for which stage: `--profile NAME` for all, `--profile STAGE=NAME`."""

from collections.abc import Sequence


def profile_of(profiles: Sequence[str], stage: str) -> str | None:
    """The profile of a stage: its own, or the one that was named without a stage."""
    named = dict(entry.rpartition("=")[::2] for entry in profiles)
    return named.get(stage, named.get(""))
