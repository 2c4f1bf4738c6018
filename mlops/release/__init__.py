"""Releases: which version each stage runs, as commits of one file."""

from mlops.release.approval import registered_versions, require_approved
from mlops.release.checkout import Checkout, Commit
from mlops.release.committing import commit_release
from mlops.release.errors import ReleaseError
from mlops.release.history import Change, changes, previous_version
from mlops.release.live import NOT_ASKED, Live, live_version, stage_clients
from mlops.release.moves import Move, pin, promote, rollback
from mlops.release.releases_file import ReleasesFile
from mlops.release.status import Registered, StageStatus

__all__ = [
    "NOT_ASKED",
    "Change",
    "Checkout",
    "Commit",
    "Live",
    "Move",
    "Registered",
    "ReleaseError",
    "ReleasesFile",
    "StageStatus",
    "changes",
    "commit_release",
    "live_version",
    "pin",
    "previous_version",
    "promote",
    "registered_versions",
    "require_approved",
    "rollback",
    "stage_clients",
]
