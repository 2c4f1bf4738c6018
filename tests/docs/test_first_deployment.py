"""What the page of the first deployment asks of a stranger, done in a clone as far as it goes."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "start" / "first-deployment.md").read_text()
ACCOUNTS = {"111111111111": "910000000001", "222222222222": "910000000002"}

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with other accounts and without a pin."""
    folder = tmp_path_factory.mktemp("organization") / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    stages, releases = folder / "config" / "stages.yaml", folder / "config" / "releases.yaml"
    text = stages.read_text()
    for theirs, ours in ACCOUNTS.items():
        text = text.replace(theirs, ours)
    stages.write_text(text)
    (empty,) = re.findall(r"```yaml\n(releases:.*?)```", PAGE, re.DOTALL)
    releases.write_text(empty)
    return folder


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_commands_work_with_accounts_of_ones_own(organization: Path) -> None:
    done = run(organization, "make setup && .venv/bin/mlops validate && make bootstrap-commands")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "npx cdk bootstrap aws://910000000001/eu-west-1" in done.stdout


@pytest.mark.nightly
def test_the_first_commit_and_every_release_leave_the_platforms_tests_alone(
    organization: Path,
) -> None:
    pinned = organization / "config" / "releases.yaml"
    pinned.write_text("releases:\n  bike-demand: {dev: 7}\n")

    tests = "tests/stacks tests/cli tests/validation tests/docs"
    done = run(
        organization,
        f"make setup && .venv/bin/python -m pytest -q -m 'not full and not extra' {tests}",
    )

    assert done.returncode == 0, done.stdout[-4000:]


def test_what_the_page_says_is_deployed_first_is_what_is_synthesized(organization: Path) -> None:
    (organization / "config" / "releases.yaml").write_text("releases: {}\n")

    done = run(
        organization, "make synth && cat cdk.out/assembly-*/manifest.json cdk.out/manifest.json"
    )

    assert done.returncode == 0, done.stderr
    named = set(re.findall(r'"stackName": "([^"]+)"', done.stdout))
    first_run = PAGE.partition("## 6. ")[2].partition("## 7. ")[0]
    assert named - {"mlops-delivery"} == set(
        re.findall(r"`(mlops-[a-z-]+-(?:foundation|registry|training))`", first_run)
    )
