import subprocess
from typing import Any

from mlops.rehearsal.commit import commit_of


def test_the_commit_is_the_checkouts(checkout: Any) -> None:
    git = ["git", "-C", str(checkout.root), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    clean = commit_of(checkout.root)
    checkout.script("train", "changed")

    assert len(clean) == 40
    assert commit_of(checkout.root) == f"{clean}-dirty"


def test_without_git_the_commit_is_unrecorded(checkout: Any) -> None:
    assert commit_of(checkout.root) == "unrecorded"
