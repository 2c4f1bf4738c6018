"""The script that builds images, run with programs that only note how they were called."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

URI = "100000000000.dkr.ecr.eu-west-1.amazonaws.com/acme/fine-churn:0123abcd"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
AWS = """#!/bin/sh
echo "aws $*" >> "$CALLS"
case "$*" in
  *imageManifestMediaType*) echo "$PUSHED_TYPE" ;;
  "ecr describe-images"*) exit "$MISSING" ;;
  "ecr describe-image-scan-findings"*) cat "$FINDINGS" ;;
  "ecr wait"*) exit "$SCAN" ;;
  *) echo secret ;;
esac
"""
DOCKER = """#!/bin/sh
echo "docker $*" >> "$CALLS"
case "$*" in
  login*) cat > /dev/null ;;
  "image inspect"*) cat "$IMAGE" ;;
  run*) cat "$NEWER" ;;
esac
"""
pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


@dataclass(kw_only=True)
class Registry:
    """What the stand-ins for aws and docker answer."""

    missing: int = 0
    scan: int = 0
    report: str | None = None
    pushed_type: str = MANIFEST
    architecture: str = "amd64"
    user: str = ""
    media_type: str | None = None
    newer: str | None = "libc6\nglibc\n"
    """Packages with a newer version; None: the image cannot tell."""
    base: str = ""


def finding(name: str, package: str | None = "glibc") -> dict[str, Any]:
    attributes = [{"key": "package_version", "value": "1"}]
    if package:
        attributes.append({"key": "package_name", "value": package})
    return {"name": name, "severity": "CRITICAL", "attributes": attributes}


class Workshop:
    """A checkout with a model, and stand-ins for aws, docker and mlops."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.script = root / "constructs/mlops_constructs/delivery/push-image.sh"
        self.model = folder / "model_code" / "fine_churn"
        self.model.mkdir(parents=True)
        self._program("bin/aws", AWS)
        self._program("bin/docker", DOCKER)

    def _program(self, name: str, text: str) -> None:
        program = self.folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)

    def run(
        self, *findings: dict[str, Any], registry: Registry | None = None
    ) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """The finished script and what it called."""
        facts = registry or Registry()
        calls = self.folder / "calls"
        calls.write_text("")
        done = subprocess.run(
            ["sh", str(self.script), "fine-churn"],
            cwd=self.folder,
            env={**self._answers(findings, facts), "CALLS": str(calls)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, calls.read_text().splitlines()

    def _answers(self, findings: Sequence[dict[str, Any]], facts: Registry) -> dict[str, str]:
        low = {"name": "CVE-LOW", "severity": "LOW"}
        text = json.dumps({"imageScanFindings": {"findings": [*findings, low]}})
        self._file("findings.json", text if facts.report is None else facts.report)
        image = {"Os": "linux", "Architecture": facts.architecture, "Config": {"User": facts.user}}
        if facts.media_type:
            image["Descriptor"] = {"mediaType": facts.media_type}
        self._file("image.json", json.dumps([image]))
        if facts.newer is not None:
            self._file("newer", facts.newer)
        self._program(
            ".venv/bin/mlops",
            f"#!/bin/sh\ncase $2 in image) echo {URI} ;; base-image) echo {facts.base} ;; esac\n",
        )
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "MISSING": str(facts.missing),
            "SCAN": str(facts.scan),
            "PUSHED_TYPE": facts.pushed_type,
            "FINDINGS": str(self.folder / "findings.json"),
            "IMAGE": str(self.folder / "image.json"),
            "NEWER": str(self.folder / "newer"),
        }

    def _file(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


@pytest.fixture
def workshop(tmp_path: Path, root: Path) -> Workshop:
    return Workshop(tmp_path, root)


def build_of(calls: list[str]) -> list[str]:
    (found,) = [call for call in calls if call.startswith("docker buildx build")]
    return shlex.split(found)


def test_an_image_that_is_missing_is_built_pushed_and_scanned(workshop: Workshop) -> None:
    done, calls = workshop.run(registry=Registry(missing=254))

    assert done.returncode == 0, done.stderr
    assert build_of(calls)[-5:] == [
        "--tag", URI, "--file", "mlops/container/serving/Dockerfile", "model_code/fine_churn",
    ]  # fmt: skip
    assert calls.index(f"docker push {URI}") < calls.index(
        "aws ecr wait image-scan-complete --repository-name acme/fine-churn "
        "--image-id imageTag=0123abcd"
    )


def test_an_image_gets_the_platforms_proof_of_archives_from_a_context_of_its_own(
    workshop: Workshop, root: Path
) -> None:
    _, calls = workshop.run(registry=Registry(missing=254))

    context = build_of(calls)[build_of(calls).index("--build-context") + 1]
    name, _, folder = context.partition("=")
    assert name == "platform"
    assert (root / folder / "content.py").is_file()


def test_it_is_built_as_one_manifest_that_sagemaker_takes(workshop: Workshop) -> None:
    _, calls = workshop.run(registry=Registry(missing=254))

    build = build_of(calls)
    assert build[build.index("--platform") + 1] == "linux/amd64"
    assert build[build.index("--output") + 1] == "type=docker"
    # An attestation is a second manifest, and two manifests are an OCI index.
    assert {"--provenance=false", "--sbom=false"} <= set(build)
    assert "--build-arg" not in build


@pytest.mark.parametrize(
    ("built", "message"),
    [
        (Registry(architecture="arm64"), "linux/arm64; allowed: linux/amd64"),
        (Registry(user="1000:1000"), "runs as user 1000:1000; allowed: root"),
        (Registry(user="model"), "runs as user model; allowed: root"),
        (Registry(media_type="application/vnd.oci.image.index.v1+json"), "image.index.v1+json;"),
        (Registry(media_type="application/vnd.oci.image.manifest.v1+json"), "oci.image.manifest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_sagemaker_would_refuse_is_not_pushed(
    workshop: Workshop, built: Registry, message: str
) -> None:
    done, calls = workshop.run(registry=replace(built, missing=254))

    assert done.returncode == 1
    assert message in done.stderr
    assert not any(call.startswith("docker push") for call in calls)


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "root:root"])
def test_root_has_many_names(workshop: Workshop, user: str) -> None:
    done, _ = workshop.run(registry=Registry(missing=254, user=user, media_type=MANIFEST))

    assert done.returncode == 0, done.stderr


def test_a_pushed_image_of_another_type_can_be_superseded(workshop: Workshop) -> None:
    oci = "application/vnd.oci.image.index.v1+json"

    done, _ = workshop.run(registry=Registry(pushed_type=oci))

    assert done.returncode == 1
    assert f"its manifest is {oci}; allowed: {MANIFEST}" in done.stderr
    assert "raise delivery.images.revision" in done.stderr


def test_the_base_comes_from_the_mirror_that_the_configuration_names(workshop: Workshop) -> None:
    mirror = "222222222222.dkr.ecr.us-east-1.amazonaws.com"
    base = f"{mirror}/python@sha256:{64 * '0'}"

    done, calls = workshop.run(registry=Registry(missing=254, base=base))

    assert done.returncode == 0, done.stderr
    build = build_of(calls)
    assert build[build.index("--build-arg") + 1] == f"BASE={base}"
    logins = [call for call in calls if call.startswith("docker login")]
    assert [login.split()[-1] for login in logins] == [URI.partition("/")[0], mirror]
    assert "aws ecr get-login-password --region us-east-1" in calls


def test_a_public_mirror_needs_no_credentials(workshop: Workshop) -> None:
    base = "mirror.example.com/library/python:3.13.15-slim-trixie"

    _, calls = workshop.run(registry=Registry(missing=254, base=base))

    assert f"BASE={base}" in build_of(calls)
    assert sum(call.startswith("docker login") for call in calls) == 1


def test_a_model_with_a_dockerfile_of_its_own_is_built_by_that(workshop: Workshop) -> None:
    (workshop.model / "Dockerfile").write_text("FROM scratch\n")

    _, calls = workshop.run(registry=Registry(missing=254))

    folder = "model_code/fine_churn"
    assert build_of(calls)[-3:] == ["--file", f"{folder}/Dockerfile", folder]


def test_a_tag_that_exists_is_not_built_again(workshop: Workshop) -> None:
    done, calls = workshop.run()

    assert done.returncode == 0
    assert not any(call.startswith(("docker buildx", "docker push")) for call in calls)


def test_a_critical_finding_with_a_fix_ends_the_step_even_where_the_tag_exists(
    workshop: Workshop,
) -> None:
    done, _ = workshop.run(finding("CVE-1"), finding("CVE-2", "libc6"))

    assert done.returncode == 1
    assert "CVE-1 glibc\nCVE-2 libc6" in done.stderr
    assert "remedy: name a newer base" in done.stderr


def test_a_critical_finding_without_a_fix_is_told_and_ends_nothing(workshop: Workshop) -> None:
    done, _ = workshop.run(finding("CVE-1", "zlib"))

    assert done.returncode == 0, done.stderr
    assert "no fix yet, so not blocking: CVE-1 in zlib" in done.stderr


@pytest.mark.parametrize(
    ("found", "newer"),
    [(finding("CVE-1", None), "glibc\n"), (finding("CVE-1", "zlib"), None)],
    ids=["the scan names no package", "the image cannot say what is newer"],
)
def test_a_finding_whose_fix_is_unknown_blocks(
    workshop: Workshop, found: dict[str, Any], newer: str | None
) -> None:
    done, _ = workshop.run(found, registry=Registry(newer=newer))

    assert done.returncode == 1
    assert "CVE-1" in done.stderr


def test_a_finding_that_somebody_accepted_by_name_ends_nothing(workshop: Workshop) -> None:
    (workshop.model / "accepted-findings.txt").write_text("CVE-1\n")

    assert workshop.run(finding("CVE-1"))[0].returncode == 0
    told = workshop.run(finding("CVE-1"), finding("CVE-10"))[0].stderr.splitlines()
    assert told[1:-1] == ["CVE-10 glibc"]


@pytest.mark.parametrize(("scan", "report"), [(255, None), (0, "no json"), (0, "{}")])
def test_a_scan_that_cannot_be_read_is_no_clean_scan(
    workshop: Workshop, scan: int, report: str | None
) -> None:
    done, _ = workshop.run(registry=Registry(scan=scan, report=report))

    assert done.returncode != 0
