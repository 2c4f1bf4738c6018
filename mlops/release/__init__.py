"""Releases: which version each stage runs, as commits of one file."""

from mlops.release.automation.automation import Automation, Report
from mlops.release.automation.desired import Desired, ModelState, Step
from mlops.release.errors import ReleaseError, TransientError
from mlops.release.git.checkout import Checkout, Commit
from mlops.release.git.git import Git, Identity, unattended
from mlops.release.git.remote import Remote
from mlops.release.git.trailer import Occasion
from mlops.release.pins.committing import commit_release
from mlops.release.pins.history import Change, changes, previous_version
from mlops.release.pins.moves import Move, pin, promote, rollback
from mlops.release.pins.releases_file import ReleasesFile
from mlops.release.status.approval import (
    approval_remarks,
    content_of,
    registered_versions,
    require_approved,
)
from mlops.release.status.live import NOT_ASKED, Live, live_version, stage_clients
from mlops.release.status.records import Recorded, RecordFiles, RecordParameters, Records
from mlops.release.status.sources import AwsSources, LocalSources, Sources
from mlops.release.status.status import Registered, StageStatus

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
