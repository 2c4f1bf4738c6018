"""The script that builds images, run with programs that only note how they were called."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

URI = "100000000000.dkr.ecr.eu-west-1.amazonaws.com/acme/fine-churn:0123abcd"
AWS = """#!/bin/sh
echo "aws $*" >> "$CALLS"
case "$*" in
  "ecr describe-images"*) exit "$MISSING" ;;
  "ecr describe-image-scan-findings"*) cat "$FINDINGS" ;;
  "ecr wait"*) exit "$SCAN" ;;
  *) echo secret ;;
esac
"""
DOCKER = """#!/bin/sh
echo "docker $*" >> "$CALLS"
cat > /dev/null
"""
pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


class Workshop:
    """A checkout with a model, and stand-ins for aws, docker and mlops."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.script = root / "delivery" / "push-image.sh"
        self.model = folder / "model_code" / "fine_churn"
        self.model.mkdir(parents=True)
        programs = {"bin/aws": AWS, "bin/docker": DOCKER}
        programs[".venv/bin/mlops"] = f"#!/bin/sh\necho {URI}\n"
        for name, text in programs.items():
            program = folder / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)

    def run(
        self, *findings: str, missing: int = 0, scan: int = 0, report: str | None = None
    ) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """The finished script and what it called."""
        found = [{"name": name, "severity": "CRITICAL"} for name in findings]
        low = {"name": "CVE-LOW", "severity": "LOW"}
        text = json.dumps({"imageScanFindings": {"findings": [*found, low]}})
        (self.folder / "findings.json").write_text(text if report is None else report)
        calls = self.folder / "calls"
        calls.write_text("")
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "MISSING": str(missing),
            "SCAN": str(scan),
            "FINDINGS": str(self.folder / "findings.json"),
        }
        done = subprocess.run(
            ["sh", str(self.script), "fine-churn"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done, calls.read_text().splitlines()


@pytest.fixture
def workshop(tmp_path: Path, root: Path) -> Workshop:
    return Workshop(tmp_path, root)


def test_an_image_that_is_missing_is_built_pushed_and_scanned(workshop: Workshop) -> None:
    done, calls = workshop.run(missing=254)

    assert done.returncode == 0, done.stderr
    command = f"docker build --tag {URI} --file mlops/serving/Dockerfile model_code/fine_churn"
    assert command in calls
    assert calls.index(f"docker push {URI}") < calls.index(
        "aws ecr wait image-scan-complete --repository-name acme/fine-churn "
        "--image-id imageTag=0123abcd"
    )


def test_a_model_with_a_dockerfile_of_its_own_is_built_by_that(workshop: Workshop) -> None:
    (workshop.model / "Dockerfile").write_text("FROM scratch\n")

    _, calls = workshop.run(missing=254)

    folder = "model_code/fine_churn"
    assert f"docker build --tag {URI} --file {folder}/Dockerfile {folder}" in calls


def test_a_tag_that_exists_is_not_built_again(workshop: Workshop) -> None:
    done, calls = workshop.run()

    assert done.returncode == 0
    assert [call for call in calls if call.startswith("docker")] == []


def test_a_critical_finding_ends_the_step_even_where_the_tag_exists(workshop: Workshop) -> None:
    done, _ = workshop.run("CVE-1", "CVE-2")

    assert done.returncode == 1
    assert "CVE-1\nCVE-2" in done.stderr


def test_a_finding_that_somebody_accepted_by_name_ends_nothing(workshop: Workshop) -> None:
    (workshop.model / "accepted-findings.txt").write_text("CVE-1\n")

    assert workshop.run("CVE-1")[0].returncode == 0
    assert workshop.run("CVE-1", "CVE-10")[0].stderr.splitlines()[1:] == ["CVE-10"]


@pytest.mark.parametrize(("scan", "report"), [(255, None), (0, "no json"), (0, "{}")])
def test_a_scan_that_cannot_be_read_is_no_clean_scan(
    workshop: Workshop, scan: int, report: str | None
) -> None:
    done, _ = workshop.run(scan=scan, report=report)

    assert done.returncode != 0
