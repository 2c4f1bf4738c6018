# ruff: noqa: E501  # the documents are written as their users write them
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mlops.contract import ContractError, Problem, load_platform
from mlops.contract.guardrails import MODEL_FILES

settings.register_profile(
    "contract",
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("contract")

INFERENCE = "".join(
    f"def {name}(*_): ...\n" for name in ("model_fn", "input_fn", "predict_fn", "output_fn")
)
LOCK = "".join(f"{name}==1.0 \\\n" for name in ("numpy", "scipy", "starlette", "uvicorn"))
SAMPLE = gzip.compress(b"hour,weather,demand\n1,Clear,3\n", mtime=0)

MODEL = f"""\
name: bike-demand
description: Demand per hour
owners: {{data_science: ds@example.com, deployment: ops@example.com, on_call: "#call"}}
problem:
  type: regression
  target: demand
data:
  sample: data/hours.csv.gz
  version: {hashlib.sha256(SAMPLE).hexdigest()}
schema:
  input:
    - {{name: hour, type: integer, min: 0, max: 23}}
    - {{name: weather, type: string, allowed: [Clear, Rain], nullable: true}}
  output:
    - {{name: prediction, type: number, min: 0}}
pipeline:
  schedule: cron(0 3 ? * MON *)
  steps:
    train: {{instance_type: ml.m5.large, hyperparameters: {{depth: 6, rate: 0.1, loss: squared}}}}
gates:
  - {{metric: r2, comparison: at_least, threshold: 0.8, max_regression: 0.01}}
  - {{metric: rmse, comparison: at_most, threshold: 40}}
registry:
  metadata: {{team: rides}}
endpoint:
  expected_requests_per_minute: 300
  canary: {{size_percent: 10, bake_minutes: 10, final_bake_minutes: 10}}
"""

STAGES = """\
delivery: {account: "111111111111", region: eu-west-1}
stages:
  dev:
    account: "222222222222"
    region: eu-west-1
    trains: true
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 4}
    tags: {stage: dev}
  prod:
    account: "333333333333"
    region: eu-west-1
    network: {vpc_id: vpc-0123abcd, subnet_ids: [subnet-0123abcd], security_group_ids: [sg-0123abcd]}
    canary: {bake_minutes: 15}
    capacity:
      standard: {instance_type: ml.m5.large, min_instances: 2, max_instances: 8}
"""

RELEASES = """\
releases:
  bike-demand: {dev: 3, prod: "arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-bike-demand/2"}
"""

FILES = {
    "model_code/bike_demand/model.yaml": MODEL,
    "config/stages.yaml": STAGES,
    "config/releases.yaml": RELEASES,
}


@pytest.fixture
def valid_files() -> dict[str, str]:
    """The three files of a valid platform, by path."""
    return dict(FILES)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A tiny valid platform, to break."""
    folder = tmp_path / "model_code" / "bike_demand"
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for name in MODEL_FILES:
        (folder / name).write_text("")
    (folder / "inference.py").write_text(INFERENCE)
    (folder / "requirements.lock").write_text(LOCK)
    for name in ("data", "examples"):
        (folder / name).mkdir()
    (folder / "data" / "hours.csv.gz").write_bytes(SAMPLE)
    (folder / "examples" / "night.request.json").write_text('{"hour": 3, "weather": "Clear"}')
    (folder / "examples" / "night.response.json").write_text(
        '{"predictions": [{"prediction": 3.1}]}'
    )
    return tmp_path


def _found(root: Path) -> list[Problem]:
    try:
        return list(load_platform(root).warnings)
    except ContractError as error:
        return list(error.problems)


@pytest.fixture
def problems(repository: Path) -> Callable[[], list[Problem]]:
    """Everything that is wrong with the repository now; checks what every problem must say."""

    def found() -> list[Problem]:
        result = _found(repository)
        for problem in result:
            assert problem.file
            assert problem.remedy, problem
            assert "\n" not in str(problem)
            assert problem.got is None or problem.allowed, problem
        return result

    return found


@pytest.fixture
def changed(
    repository: Path, problems: Callable[[], list[Problem]]
) -> Callable[[str, str, str], list[Problem]]:
    """The problems after one piece of one file's text was replaced by another."""

    def found(file: str, old: str, new: str) -> list[Problem]:
        path = next(repository / name for name in FILES if name.endswith(file))
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return problems()

    return found
