"""A release as one commit of one file, or as nothing at all."""

from mlops.release.errors import ReleaseError
from mlops.release.git.checkout import Checkout
from mlops.release.pins.releases_file import ReleasesFile


def commit_release(
    after: ReleasesFile, *, before: ReleasesFile, checkout: Checkout, message: str
) -> str:
    """Write and commit the file, and return the commit's id; never pushes.

    Where git or one of its hooks refuses, the file is put back.

    Raises:
        ReleaseError: the file has other changes, or git refuses.
    """
    checkout.require_clean()
    after.write(before=before)
    try:
        return checkout.commit(message)
    except ReleaseError:
        before.write(before=after)
        raise
