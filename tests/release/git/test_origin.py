from pathlib import Path
from typing import Any

import pytest

from mlops.release import ReleaseError
from mlops.release.git.git import Git
from mlops.release.git.origin import absolute, folder_in, is_here, named, origin


def test_origin_is_an_address_that_works_from_any_folder(host: Any, unattended_git: Git) -> None:
    # The desk knows its host as ../host.git, whoever asks from where.
    assert origin(host.desk, unattended_git) == str(host.bare)
    assert origin(host.desk / "config", unattended_git) == str(host.bare)


def test_a_remote_is_found_by_its_name(host: Any, unattended_git: Git) -> None:
    host.git("remote", "add", "backup", "https://far.example/platform.git")

    assert named(host.desk, unattended_git, "backup") == "https://far.example/platform.git"
    assert named(host.desk, unattended_git, "nothing") is None


def test_without_a_remote_the_remedy_is_to_name_one(unattended_git: Git, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"has no remote origin; remedy: .* --remote"):
        origin(tmp_path, unattended_git)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("/srv/platform.git", True),
        ("../platform.git", True),
        ("file:///srv/platform.git", True),
        ("./odd:name", True),
        ("https://far.example/platform.git", False),
        ("ssh://git@far.example/platform.git", False),
        ("git@far.example:platform.git", False),
        ("codecommit::eu-west-1://platform", False),
    ],
)
def test_an_address_is_here_or_somebody_elses(address: str, here: bool) -> None:
    assert is_here(address) is here


def test_only_a_path_is_made_absolute(tmp_path: Path) -> None:
    assert absolute("../a.git", base=tmp_path / "b") == str(tmp_path / "a.git")
    assert absolute("file:///a.git", base=tmp_path) == "file:///a.git"
    assert absolute("git@far.example:a.git", base=tmp_path) == "git@far.example:a.git"


def test_a_platform_knows_its_folder_in_the_repository(
    host: Any, unattended_git: Git, tmp_path: Path
) -> None:
    assert folder_in(host.desk, unattended_git) == ""
    assert folder_in(host.desk / "config", unattended_git) == "config"
    assert folder_in(tmp_path, unattended_git) == ""
