"""What a command prints for another program is not fitted to a terminal that nobody looks at."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops.cli import cli
from mlops.contract import load_platform
from mlops.registry import local_client

ROOT = Path(__file__).resolve().parents[2]
MODEL = "bike-demand"
GROUP = "mlops-bike-demand"
REASON = "the held-out error of each quarter stayed under what the contract promises, " * 3
CONTAINER = {
    "Image": "222222222222.dkr.ecr.eu-west-1.amazonaws.com/mlops-bike-demand:0123456789abcdef",
    "ModelDataUrl": f"s3://mlops-artifacts-222222222222/{MODEL}/executions/abc/model.tar.gz",
}
TABLES = {
    ("registry", "list", MODEL): f":model-package/{GROUP}/1",
    ("registry", "show", MODEL, "1"): REASON.strip(),
    ("release", "status", MODEL, "--target", "local"): "1 is pinned and Rejected",
    ("release", "history", MODEL): REASON.strip(),
    ("release", "automate", "--target", "local", "--dry-run", "--remote", "."): MODEL,
    ("canary", "plan", MODEL, "--stage", "prod"): "latency caught",
}
"""Each command that prints a table, and what one line of it says."""


@pytest.fixture
def checkout(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a history, and a registry with a rejected version."""
    stage = load_platform(repository, model=MODEL).stages.training
    folder = repository / ".mlops" / "registry"
    client = local_client(folder, account=stage.account, region=stage.region)
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    arn = client.create_model_package(
        ModelPackageGroupName=GROUP,
        InferenceSpecification={
            "Containers": [CONTAINER],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    client.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription=REASON.strip()
    )
    git = ["git", "-C", str(repository), "-c", "user.name=Ada", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", f"Pin\n\n{REASON}"]):
        subprocess.run([*git, *arguments], check=True)
    monkeypatch.chdir(repository)
    return repository


def printed(checkout: Path, command: tuple[str, ...], columns: str) -> str:
    runner = CliRunner(env={"COLUMNS": columns})
    done = runner.invoke(cli, ["--root", str(checkout), *command])
    assert done.exit_code == 0 or command[1] == "automate", done.output
    return done.stdout


@pytest.mark.parametrize("command", TABLES, ids=lambda words: "-".join(words[:2]))
def test_what_goes_to_a_pipe_is_neither_wrapped_nor_cut(
    checkout: Path, command: tuple[str, ...]
) -> None:
    narrow = printed(checkout, command, "40")

    assert narrow == printed(checkout, command, "4000")
    assert any(TABLES[command] in line for line in narrow.splitlines()), narrow


def test_every_command_prints_where_this_is_decided() -> None:
    texts = {path: path.read_text() for path in (ROOT / "mlops").rglob("*.py")}

    making = {path.name for path, text in texts.items() if "Console(" in text}

    assert making == {"terminal.py"}
