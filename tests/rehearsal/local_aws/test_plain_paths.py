import subprocess
import sys
from pathlib import Path
from typing import Any

from mlops.rehearsal.local_aws.plain_paths import plain

# One folder for everything that a person's path may hold.
AWKWARD = "my ü 'clone\" $HOME;(1) & *"


def test_a_plain_path_stays_as_it_is() -> None:
    assert plain(Path("/home/ada/mlops-2.0_b/x+y")) == Path("/home/ada/mlops-2.0_b/x+y")


def test_an_awkward_path_is_reached_by_one_word(tmp_path: Path) -> None:
    folder = tmp_path / AWKWARD / "below"
    folder.mkdir(parents=True)

    found = plain(folder)

    assert found.samefile(folder)
    done = subprocess.run(
        ["bash", "-c", f"echo {found} && cd {found} && pwd -P"],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout == f"{found}\n{folder.resolve()}\n"


def test_folders_of_one_checkout_share_a_link(tmp_path: Path) -> None:
    one, other = plain(tmp_path / AWKWARD / "one"), plain(tmp_path / AWKWARD / "other")

    assert one.parent == other.parent


def test_the_link_ends_with_the_process(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys\nfrom mlops.rehearsal.local_aws.plain_paths import plain\n"
        "print(plain(pathlib.Path(sys.argv[1])))"
    )
    (tmp_path / AWKWARD).mkdir()
    (tmp_path / AWKWARD / "kept").touch()

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / AWKWARD)],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )

    assert not Path(done.stdout.strip()).parent.exists()
    assert (tmp_path / AWKWARD / "kept").exists()


def test_a_rehearsal_runs_wherever_the_checkout_lies(checkout: Any) -> None:
    root = checkout.root.with_name(AWKWARD)
    checkout.root.rename(root)
    checkout.root = root

    execution = checkout.rehearse()

    assert execution.failure is None
    assert execution.replay.succeeded
