"""A checkout with a tiny model, and the assembly that a synthesis of it would have written."""

import gzip
import hashlib
import io
import json
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlops.rehearsal.pipeline.rehearsal import rehearse_pipeline
from mlops.rehearsal.pipeline.results import Execution
from mlops.rehearsal.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).parent / "tiny"
HANDLERS = ROOT / "constructs" / "mlops_handlers" / "training"
CONTENT = ROOT / "mlops" / "rollout" / "content.py"
ACCOUNT, REGION = "222222222222", "eu-west-1"
BUCKET = f"mlops-dev-artifacts-{ACCOUNT}-{REGION}"
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
MACHINE = {
    "InstanceType": "ml.m5.large",
    "InstanceCount": 1,
    "VolumeSizeInGB": 10,
    "VolumeKmsKeyId": {"Get": "Parameters.KmsKeyId"},
}
SUCCESSFUL = (
    "Preprocess", "ValidateData", "Train", "FindOrigin", "FindApproved", "Evaluate", "Gate",
    "Register",
)  # fmt: skip
ORIGIN = {
    "data_version": "DataVersion",
    "started_by": "StartedBy",
    "trigger": "Trigger",
    "trigger_evidence": "TriggerEvidence",
}


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(separator: str, *values: object) -> dict[str, Any]:
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def output_of(step: str, output: str) -> dict[str, str]:
    return get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")


def entrypoint(script: str, code: str) -> list[str]:
    unpack = f'd=$(mktemp -d) && tar xzf {code}/*.gz -C "$d"'
    return ["bash", "-c", f'set -e; {unpack}; exec python3 "$d/$0.py" "$@"', script]


def s3_prefix(uri: Any, path: str) -> dict[str, Any]:
    return {"S3Uri": uri, "S3DataType": "S3Prefix", "LocalPath": path}


def processing(
    name: str, script: str, *, inputs: dict[str, Any], outputs: dict[str, str], arguments: list[Any]
) -> dict[str, Any]:
    home = "/opt/ml/processing"
    places = {"code": get("Parameters.CodeUri"), **inputs}
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "RoleArn": get("Parameters.RoleArn"),
            "ProcessingResources": {"ClusterConfig": MACHINE},
            "AppSpecification": {
                "ImageUri": get("Parameters.ImageUri"),
                "ContainerEntrypoint": entrypoint(script, f"{home}/input/code"),
                "ContainerArguments": arguments,
            },
            "ProcessingInputs": [
                {
                    "InputName": channel,
                    "S3Input": s3_prefix(uri, f"{home}/input/{channel}"),
                }
                for channel, uri in places.items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": output,
                        "S3Output": {
                            "S3Uri": place_of(name, output),
                            "LocalPath": path,
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                    for output, path in outputs.items()
                ]
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "Environment": {"PYTHONUNBUFFERED": "1"},
        },
        "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"},
        "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 5}],
    }


def place_of(step: str, output: str) -> dict[str, Any]:
    artifacts = get("Parameters.ArtifactsUri")
    return join("/", artifacts, get("Execution.PipelineExecutionId"), step, output)


def training() -> dict[str, Any]:
    data = "/opt/ml/input/data"
    channels = {
        "code": get("Parameters.CodeUri"),
        "train": output_of("Preprocess", "train"),
    }
    return {
        "Name": "Train",
        "Type": "Training",
        "DependsOn": ["ValidateData"],
        "Arguments": {
            "RoleArn": get("Parameters.RoleArn"),
            "AlgorithmSpecification": {
                "TrainingImage": get("Parameters.ImageUri"),
                "TrainingInputMode": "File",
                "ContainerEntrypoint": entrypoint("train", f"{data}/code"),
                "ContainerArguments": [
                    *("--train", f"{data}/train"),
                    *("--hyperparameters", "/opt/ml/input/config/hyperparameters.json"),
                    *("--model-dir", "/opt/ml/model"),
                ],
            },
            "InputDataConfig": [
                {
                    "ChannelName": name,
                    "DataSource": {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix"}},
                }
                for name, uri in channels.items()
            ],
            "HyperParameters": {"slope": join("", get("Parameters.Slope"))},
            "ResourceConfig": MACHINE,
            "OutputDataConfig": {"S3OutputPath": place_of("Train", "model")},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"},
    }


def evaluation(path: str) -> dict[str, Any]:
    file = get("Steps.Evaluate.PropertyFiles.Evaluation")
    return {"Std:JsonGet": {"PropertyFile": file, "Path": path}}


def evaluating() -> dict[str, Any]:
    read = "/opt/ml/processing/input"
    written = "/opt/ml/processing/output/evaluation"
    step = processing(
        "Evaluate",
        "evaluate",
        inputs={
            "model": get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
            "approved": get("Steps.FindApproved.OutputParameters['ApprovedModelDataUrl']"),
        },
        outputs={"evaluation": written},
        arguments=[
            *("--model", f"{read}/model", "--output-dir", written, "--approved-version"),
            get("Steps.FindApproved.OutputParameters['ApprovedVersion']"),
        ],
    )
    file = {
        "PropertyFileName": "Evaluation",
        "OutputName": "evaluation",
        "FilePath": "evaluation.json",
    }
    return {**step, "PropertyFiles": [file]}


def registering() -> dict[str, Any]:
    report = output_of("Evaluate", "evaluation")
    statistics = {
        "ContentType": "application/json",
        "S3Uri": join("/", report, "evaluation.json"),
    }
    return {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": get("Parameters.ModelPackageGroupName"),
            "ModelApprovalStatus": "PendingManualApproval",
            "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
            "InferenceSpecification": {
                "Containers": [
                    {
                        "Image": get("Steps.FindApproved.OutputParameters['ImageByDigest']"),
                        "ModelDataUrl": get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
                    }
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            "CustomerMetadataProperties": {
                "commit": "unknown",
                **{
                    key: get(f"Steps.FindOrigin.OutputParameters['{output}']")
                    for key, output in ORIGIN.items()
                },
                "execution": get("Execution.PipelineExecutionArn"),
                "answers_uri": join("/", report, "answers.json"),
                "answers_sha256": evaluation("content.answers_sha256"),
                "archive_sha256": evaluation("content.archive_sha256"),
                "baseline_sha256": evaluation("content.baseline_sha256"),
                "evaluated_sha256": evaluation("content.archive_sha256"),
            },
        },
    }


def parameter(name: str, default: Any, kind: str = "String", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "DefaultValue": default, **more}


def definition() -> dict[str, Any]:
    data, home = "/opt/ml/processing/input/data", "/opt/ml/processing/output"
    splits = ("train", "test")
    failed = join("", "quality gate failed: ", evaluation("gates.message"))
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {
                    "Type": "GreaterThanOrEqualTo",
                    "LeftValue": evaluation("metrics.r2.value"),
                    "RightValue": 0.5,
                }
            ],
            "IfSteps": [registering()],
            "ElseSteps": [
                {"Name": "GateFailed", "Type": "Fail", "Arguments": {"ErrorMessage": failed}}
            ],
        },
    }
    find_origin = {
        "Name": "FindOrigin",
        "Type": "Lambda",
        "FunctionArn": "<<Origin>>",
        "Arguments": {
            "Execution": get("Execution.PipelineExecutionArn"),
            "DataRecord": join("/", output_of("Preprocess", "read"), "data.json"),
        },
        "OutputParameters": [
            {"OutputName": name, "OutputType": "String"} for name in ORIGIN.values()
        ],
    }
    find_approved = {
        "Name": "FindApproved",
        "Type": "Lambda",
        "FunctionArn": "<<Function>>",
        "Arguments": {
            "GroupName": get("Parameters.ModelPackageGroupName"),
            "CandidateModelDataUrl": get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
            "ImageUri": get("Parameters.ImageUri"),
        },
        "OutputParameters": [
            {"OutputName": name, "OutputType": "String"}
            for name in ("ApprovedModelDataUrl", "ApprovedVersion", "ImageByDigest")
        ],
    }
    return {
        "Version": "2020-12-01",
        "Parameters": [
            parameter("DataUri", f"s3://{BUCKET}/data/tiny/rows.csv"),
            parameter("CodeUri", "<<Code>>"),
            parameter("ImageUri", "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mlops/tiny:abc"),
            parameter("ArtifactsUri", f"s3://{BUCKET}/models/tiny"),
            parameter("KmsKeyId", "<<Key>>"),
            parameter("RoleArn", "<<Role>>"),
            parameter("ModelPackageGroupName", "mlops-tiny"),
            parameter("Slope", 2.0, "Float"),
        ],
        "Steps": [
            processing(
                "Preprocess",
                "preprocess",
                inputs={"data": get("Parameters.DataUri")},
                outputs={name: f"{home}/{name}" for name in (*splits, "read")},
                arguments=["--input-dir", data, "--output-dir", home],
            ),
            processing(
                "ValidateData",
                "validate_data",
                inputs={"train": output_of("Preprocess", "train")},
                outputs={"report": f"{home}/report"},
                arguments=["--output-dir", f"{home}/report"],
            ),
            training(),
            find_origin,
            find_approved,
            evaluating(),
            gate,
        ],
    }


@dataclass(kw_only=True)
class Checkout:
    """A repository with the tiny model, to change and to rehearse."""

    root: Path
    definition: dict[str, Any]
    output: io.StringIO = field(default_factory=io.StringIO)

    @property
    def model(self) -> Path:
        return self.root / "model_code" / "tiny"

    @property
    def workspace(self) -> Workspace:
        return Workspace.of(self.root)

    def step(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            step for step in self.definition["Steps"] if step["Name"] == name
        )
        return found

    def script(self, name: str, text: str) -> None:
        (self.model / f"{name}.py").write_text(text)

    def record_data(self, text: str) -> None:
        """Replace the data sample, and its hash in the contract."""
        sample, contract = self.model / "data" / "rows.csv", self.model / "model.yaml"
        before = hashlib.sha256(sample.read_bytes()).hexdigest()
        sample.write_text(text)
        after = hashlib.sha256(sample.read_bytes()).hexdigest()
        contract.write_text(contract.read_text().replace(before, after))

    def synthesize(self) -> Path:
        folder = self.root / "cdk.out"
        shutil.rmtree(folder, ignore_errors=True)
        write_assembly(folder, self.definition, code_archive(self.model))
        return folder

    def rehearse(
        self, *, use_cache: bool = True, approve: bool = False, **parameters: str
    ) -> Execution:
        self.synthesize()
        return self.rehearse_synthesized(use_cache=use_cache, approve=approve, **parameters)

    def rehearse_synthesized(
        self, *, use_cache: bool = True, approve: bool = False, **parameters: str
    ) -> Execution:
        return rehearse_pipeline(
            self.root,
            "tiny",
            assembly=self.root / "cdk.out",
            parameters=parameters,
            use_cache=use_cache,
            approve=approve,
            console=Console(file=self.output, width=200),
            python=Path(sys.executable),
        )


def code_archive(model: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted([*model.glob("*.py"), CONTENT]):
            # The platform puts its server into every archive; the tiny model's stands in for it.
            member = tarfile.TarInfo("serve.py" if path.name == "server.py" else path.name)
            content = path.read_bytes()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_assembly(folder: Path, definition: dict[str, Any], code: bytes) -> None:
    """What `cdk synth` writes: a stage's assembly with two stacks and their assets."""
    stage = folder / "assembly-dev"
    digest = hashlib.sha256(code).hexdigest()
    stage.mkdir(parents=True)
    (stage / f"asset.{digest}.gz").write_bytes(code)
    shutil.copytree(HANDLERS, stage / "asset.function")
    artifact = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev"}}
    write_json(folder / "manifest.json", {"version": "55.0.0", "artifacts": {"dev": artifact}})
    artifacts: dict[str, Any] = {}
    for name in ("Foundation", "Training"):
        artifacts[f"dev{name}"] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {
                "templateFile": f"dev{name}.template.json",
                "stackName": f"mlops-dev-{name}",
            },
        }
        artifacts[f"dev{name}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"dev{name}.assets.json"},
        }
        write_json(stage / f"dev{name}.assets.json", {"files": {}})
    write_json(stage / "manifest.json", {"artifacts": artifacts})
    files = {
        digest: asset(f"asset.{digest}.gz", "file", f"{digest}.gz"),
        "function": asset("asset.function", "zip", "function.zip"),
    }
    write_json(stage / "devTraining.assets.json", {"files": files})
    write_json(stage / "devFoundation.template.json", foundation_template())
    write_json(stage / "devTraining.template.json", training_template(definition, digest))


def asset(path: str, packaging: str, key: str) -> dict[str, Any]:
    destination = {"bucketName": ASSETS, "objectKey": key, "region": REGION}
    return {
        "source": {"path": path, "packaging": packaging},
        "destinations": {"here": destination},
    }


def foundation_template() -> dict[str, Any]:
    export = {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "mlops-dev:KeyArn"}}
    return {"Resources": {"Key": {"Type": "AWS::KMS::Key"}}, "Outputs": {"KeyArn": export}}


def training_template(definition: dict[str, Any], digest: str) -> dict[str, Any]:
    tokens = {
        "Code": {"Fn::Sub": f"s3://cdk-hnb659fds-assets-${{AWS::AccountId}}-{REGION}/{digest}.gz"},
        "Key": {"Fn::ImportValue": "mlops-dev:KeyArn"},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Function": {"Fn::GetAtt": ["FindApproved", "Arn"]},
        "Origin": {"Fn::GetAtt": ["FindOrigin", "Arn"]},
    }
    body = {"Fn::Join": ["", list(_pieces(json.dumps(definition), tokens))]}
    return {
        "Parameters": {"BootstrapVersion": {"Type": "String", "Default": "/cdk-bootstrap"}},
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role"},
            "Starter": {"Type": "AWS::IAM::Role"},
            "FindApproved": function("find_approved"),
            "FindOrigin": function("find_origin", STARTER_ROLE={"Ref": "Starter"}),
            "Group": {
                "Type": "AWS::SageMaker::ModelPackageGroup",
                "Properties": {
                    "ModelPackageGroupName": "mlops-tiny",
                    "ModelPackageGroupDescription": "a straight line",
                },
            },
            "Pipeline": {
                "Type": "AWS::SageMaker::Pipeline",
                "Properties": {
                    "PipelineName": "mlops-tiny-training",
                    "PipelineDefinition": {"PipelineDefinitionBody": body},
                },
            },
        },
    }


def function(module: str, **environment: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": f"{module}.handler",
            "Timeout": 30,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Environment": {"Variables": environment},
            "Code": {"S3Bucket": {"Fn::Sub": ASSETS}, "S3Key": "function.zip"},
        },
    }


def _pieces(text: str, tokens: dict[str, Any]) -> Iterator[Any]:
    while text:
        before, opening, rest = text.partition("<<")
        yield before
        if opening:
            name, _, text = rest.partition(">>")
            yield tokens[name]
        else:
            return


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "tests" / "sample" / "config", root / "config")
    (root / "config" / "releases.yaml").write_text("releases: {}\n")
    shutil.copytree(
        TINY, root / "model_code" / "tiny", ignore=shutil.ignore_patterns("__pycache__")
    )
    return Checkout(root=root, definition=definition())


@pytest.fixture
def successful_steps() -> tuple[str, ...]:
    return SUCCESSFUL


@pytest.fixture
def assembly_of() -> Callable[[Path, dict[str, Any]], None]:
    """Writes an assembly around a definition."""

    def write(folder: Path, definition: dict[str, Any]) -> None:
        write_assembly(folder, definition, b"code")

    return write
