"""Releases: which version each stage runs, as commits of one file."""

from mlops.release.approval import (
    approval_remarks,
    content_of,
    registered_versions,
    require_approved,
)
from mlops.release.automation import Automation, Report
from mlops.release.checkout import Checkout, Commit
from mlops.release.committing import commit_release
from mlops.release.desired import Desired, ModelState, Step
from mlops.release.errors import ReleaseError, TransientError
from mlops.release.git import Git, Identity, unattended
from mlops.release.history import Change, changes, previous_version
from mlops.release.live import NOT_ASKED, Live, live_version, stage_clients
from mlops.release.moves import Move, pin, promote, rollback
from mlops.release.records import Recorded, RecordFiles, RecordParameters, Records
from mlops.release.releases_file import ReleasesFile
from mlops.release.remote import Remote
from mlops.release.sources import AwsSources, LocalSources, Sources
from mlops.release.status import Registered, StageStatus
from mlops.release.trailer import Occasion

__all__ = [
    "NOT_ASKED",
    "Automation",
    "AwsSources",
    "Change",
    "Checkout",
    "Commit",
    "Desired",
    "Git",
    "Identity",
    "Live",
    "LocalSources",
    "ModelState",
    "Move",
    "Occasion",
    "RecordFiles",
    "RecordParameters",
    "Recorded",
    "Records",
    "Registered",
    "ReleaseError",
    "ReleasesFile",
    "Remote",
    "Report",
    "Sources",
    "StageStatus",
    "Step",
    "TransientError",
    "approval_remarks",
    "changes",
    "commit_release",
    "content_of",
    "live_version",
    "pin",
    "previous_version",
    "promote",
    "registered_versions",
    "require_approved",
    "rollback",
    "stage_clients",
    "unattended",
]
