"""What a rehearsal says of a version that nobody approved, and that no stage would be given."""

from collections.abc import Iterable

from mlops.registry import ModelVersion
from mlops.rehearsal.errors import RehearsalError

APPROVED = "Approved"


def approved(versions: Iterable[ModelVersion]) -> list[int]:
    """The numbers of the versions that may be released, lowest first."""
    return sorted(one.number for one in versions if one.status == APPROVED)


def require_approved(
    version: ModelVersion, *, model: str, versions: Iterable[ModelVersion]
) -> None:
    """Refuse a version that `mlops release pin` would refuse.

    Raises:
        RehearsalError: nobody approved it, or somebody rejected it.
    """
    if version.status == APPROVED:
        return
    allowed = ", ".join(map(str, approved(versions))) or "none yet"
    raise RehearsalError(
        f"{model} {version.number}: is {version.status}, so no stage would be given it; allowed: "
        f"{allowed}; remedy: approve it with `mlops registry approve {model} {version.number} "
        f"--reason <why>`, or ask for it all the same with --candidate {version.number}"
    )


def unapproved(version: ModelVersion) -> str | None:
    """A line about a version that is rehearsed although it was not approved; None for others."""
    if version.status == APPROVED:
        return None
    return f"mind: version {version.number} is {version.status}; `mlops release pin` refuses it"
