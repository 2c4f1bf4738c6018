"""A checkout with a guarded endpoint, two registered versions and a server that starts fast."""

import copy
import io
import json
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlops.registry import local_client
from mlops.rehearsal.canary import CanaryRehearsal, DeploymentResult, Wishes, rehearse_canary
from mlops.rehearsal.local_aws.assembly import Assembly
from mlops.rehearsal.workspace import Workspace
from mlops_constructs.handler_archive import write_handlers

HERE = Path(__file__).parent
ACCOUNT, REGION, GROUP = "222222222222", "eu-west-1", "mlops-tiny"
BUCKET = f"s3://mlops-dev-artifacts-{ACCOUNT}-{REGION}/models/tiny"
FAST = 300.0
"""Deployment seconds per second: the whole deployment takes less than four."""
TEMPLATE = json.loads((HERE / "endpoint.template.json").read_text())


EXAMPLES = {
    "relative_tolerance": 0.5,
    "absolute_tolerance": 0.0,
    "cases": [{"name": "two", "request": {"x": 2}, "response": [{"y": 6.0}]}],
}
"""The contract's; each version has answers of its own to them."""
STAGES = """
project: mlops
delivery: {account: "111111111111", region: eu-west-1}
stages:
  dev:
    account: "222222222222"
    region: eu-west-1
    trains: true
    capacity: {standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 2}}
  prod:
    account: "444444444444"
    region: eu-west-1
    capacity: {standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 8}}
"""


@dataclass
class Site:
    """A repository whose endpoint can be rehearsed."""

    root: Path
    template: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(TEMPLATE))

    @property
    def workspace(self) -> Workspace:
        return Workspace.of(self.root)

    def properties(self, logical_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.template["Resources"][logical_id]["Properties"]
        return found

    @property
    def routing(self) -> dict[str, Any]:
        blue_green = self.properties("Endpoint")["DeploymentConfig"]["BlueGreenUpdatePolicy"]
        found: dict[str, Any] = blue_green["TrafficRoutingConfiguration"]
        return found

    def assembly(self) -> Path:
        folder = self.root / "cdk.out"
        folder.mkdir(exist_ok=True)
        (folder / "serving.template.json").write_text(json.dumps(self.template))
        artifact = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {
                "templateFile": "serving.template.json",
                "stackName": "mlops-prod-tiny-serving",
            },
        }
        handlers = write_handlers(
            contract=json.dumps({"examples": EXAMPLES}), build_dir=folder
        ).rollout
        asset = {
            "source": {"path": handlers.name, "packaging": "file"},
            "destinations": {"here": {"bucketName": "assets", "objectKey": "handlers.zip"}},
        }
        (folder / "assets.json").write_text(json.dumps({"files": {"handlers": asset}}))
        assets = {"type": "cdk:asset-manifest", "properties": {"file": "assets.json"}}
        artifacts = {"Serving": artifact, "Assets": assets}
        manifest = {"version": "36.0.0", "artifacts": artifacts}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    def read(self) -> Assembly:
        return Assembly(self.assembly())

    def rehearse(self, **wishes: Any) -> CanaryRehearsal:
        console = wishes.pop("console", Console(file=io.StringIO(), width=200))
        given = {"scale": FAST, "seed": 3, **wishes}
        return rehearse_canary(
            self.root,
            "tiny",
            assembly=self.assembly(),
            wishes=Wishes(**given),
            console=console,
            python=Path(sys.executable),
        )

    def deploy(self, fault: str, **wishes: Any) -> DeploymentResult:
        """One deployment; a busy machine gets up to three tries, each at half the pace."""
        scale = wishes.pop("scale", FAST)
        for slowdown in (1, 2, 4):
            (result,) = self.rehearse(fault=fault, scale=scale / slowdown, **wishes).deployments
            if result.observed != "invalid":
                break
        return result

    def register(
        self,
        *,
        slope: float,
        environment: dict[str, str] | None = None,
        status: str = "Approved",
    ) -> int:
        client = local_client(self.workspace.registry, account=ACCOUNT, region=REGION)
        name = f"{BUCKET}/e{slope:g}"
        storage = self.workspace.storage
        _write(storage.path(f"{name}/model.tar.gz"), archive(slope))
        request = {"x": 2}
        case = {"name": "two", "request": request, "response": [{"y": slope * 2}]}
        _write(storage.path(f"{name}/answers.json"), json.dumps({"cases": [case]}).encode())
        container = {
            "Image": "tiny",
            "ModelDataUrl": f"{name}/model.tar.gz",
            "Environment": environment or {},
        }
        created = client.create_model_package(
            ModelPackageGroupName=GROUP,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            CustomerMetadataProperties={"answers_uri": f"{name}/answers.json"},
        )
        number = int(created["ModelPackageArn"].rpartition("/")[2])
        if status != "PendingManualApproval":
            self.decide(number, status)
        return number

    def decide(self, number: int, status: str) -> None:
        """Change the approval of a version."""
        client = local_client(self.workspace.registry, account=ACCOUNT, region=REGION)
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{GROUP}/{number}"
        client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)


def archive(slope: float) -> bytes:
    contract = {
        "schema": {
            "input": [{"name": "x", "type": "number", "min": 0, "max": 100}],
            "output": [{"name": "y", "type": "number"}],
        }
    }
    files = {
        "model.json": json.dumps({"slope": slope}).encode(),
        "code/contract.json": json.dumps(contract).encode(),
        "code/serve.py": (HERE / "fake" / "serve.py").read_bytes(),
        "code/uvicorn.py": (HERE / "fake" / "uvicorn.py").read_bytes(),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def bare_site(root: Path) -> Site:
    (root / "config").mkdir(parents=True)
    (root / "config" / "stages.yaml").write_text(STAGES)
    (root / "config" / "releases.yaml").write_text("releases:\n  tiny: {prod: 1}\n")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE.parent / "tiny", root / "model_code" / "tiny", ignore=ignored)
    contract = root / "model_code" / "tiny" / "model.yaml"
    text = contract.read_text().replace(
        "expected_requests_per_minute: 10", "expected_requests_per_minute: 90"
    )
    contract.write_text(text)
    return Site(root=root)


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a late machine count: tests run beside other work, and lateness has tests of its own."""
    monkeypatch.setattr("mlops.rehearsal.canary.machine.LAG_LIMIT_MS", 1000.0)
    monkeypatch.setattr("mlops.rehearsal.canary.machine.LONGEST_LAG_MS", 5000.0)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two approved versions; the first is released."""
    made = bare_site(tmp_path / "repository")
    client = local_client(made.workspace.registry, account=ACCOUNT, region=REGION)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    made.register(slope=3.0)
    made.register(slope=3.5)
    return made


@pytest.fixture
def template_of() -> Callable[[], dict[str, Any]]:
    """A fresh copy of the template."""
    return lambda: copy.deepcopy(TEMPLATE)
