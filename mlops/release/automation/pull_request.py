"""A move that waits for a review: a branch of its own, one commit ahead of the delivered branch."""

from mlops.release.automation.message import Explained, message_of
from mlops.release.git.remote import Clone
from mlops.release.pins.committing import commit_release
from mlops.release.pins.moves import Move
from mlops.release.pins.releases_file import ReleasesFile


def branch_of(move: Move) -> str:
    """The branch of a move: one per model, version and stage."""
    return f"release/{move.model}-{move.version}-{move.stage}"


def propose(clone: Clone, explained: Explained, *, base: str) -> str:
    """Let the move's branch hold the move on top of `base`; returns what was done, in words.

    A branch that holds it already stays as it is, and so does one to which people pushed.

    Raises:
        ReleaseError: the file's layout defeats the edit, or the remote refuses.
        TransientError: the branch moved meanwhile, or the remote cannot be reached.
    """
    branch = branch_of(explained.step.move)
    clone.reset(base)
    before = ReleasesFile.read(clone.root, model=None)
    after = explained.step.move.applied_to(before)
    message = message_of([explained])
    commit = commit_release(after, before=before, checkout=clone.checkout, message=message)
    tip = clone.tip(branch)
    if tip is not None and clone.is_same(tip, commit):
        return f"branch {branch} waits for its review"
    if tip is not None and not clone.is_ours(tip, base=base):
        return f"branch {branch} holds commits of people, so it was left alone"
    clone.put(commit, branch=branch, tip=tip)
    return f"pushed branch {branch}: open its pull request, or let the host do it"
