"""The container of these tests isolates as SageMaker's does: what it must not allow, it refuses."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.external.images.container import Container, Image, give_to_root, memory_bytes

Run = Callable[..., tuple[int, str]]
MIB = 1024**2


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Container:
    """A container of a model's image that is told nothing."""
    opt_ml = tmp_path / "ml"
    for name in ("processing/input/data", "processing/output/train"):
        (opt_ml / name).mkdir(parents=True)
    (opt_ml / "processing/input/data/rows.csv").write_text("1\n")
    give_to_root(opt_ml)
    return Container(
        image=image,
        command=["true"],
        environment={},
        folder=tmp_path / "container",
        opt_ml=opt_ml,
        read_only=["/opt/ml/processing/input/data"],
    )


def shell(container: Container, script: str) -> Container:
    return replace(container, command=["sh", "-c", script])


def test_it_sees_the_image_and_what_is_mounted_and_nothing_of_this_machine(
    container: Container, run: Run
) -> None:
    script = 'echo $$; cat /etc/hostname 2>/dev/null; ls /; ls /opt/ml; test ! -e "$1"'

    code, output = run(replace(container, command=["sh", "-c", script, "sh", str(Path(__file__))]))

    assert code == 0
    assert output.startswith("1\n")
    assert output.split()[-1] == "processing"


def test_its_variables_are_those_of_the_image_and_of_the_request_alone(
    container: Container, run: Run
) -> None:
    told = replace(container, command=["env"], environment={"STAGE": "dev"})

    code, output = run(told)

    assert code == 0
    assert dict(line.split("=", 1) for line in output.splitlines()) == {
        "HOME": "/root",
        "HOSTNAME": "algo-1",
        "STAGE": "dev",
        **container.image.environment,
    }


def test_no_address_can_be_reached_but_its_own(container: Container, run: Run) -> None:
    script = "import socket, sys; socket.create_connection((sys.argv[1], 9), timeout=5)"
    own = replace(container, command=["python3", "-c", script, "127.0.0.1"])
    other = replace(container, command=["python3", "-c", script, "192.0.2.1"])

    assert "ConnectionRefusedError" in run(own)[1]
    assert "Network is unreachable" in run(other)[1]


def test_an_input_cannot_be_written_even_by_root(container: Container, run: Run) -> None:
    code, output = run(shell(container, "echo 2 > /opt/ml/processing/input/data/rows.csv"))

    assert code != 0
    assert "Read-only file system" in output


@pytest.mark.parametrize(("user", "writes"), [("", True), ("root", True), ("1000:1000", False)])
def test_only_root_writes_what_sagemaker_mounts(
    container: Container, run: Run, user: str, writes: bool
) -> None:
    config = {**container.image.config, "config": {**container.image.config["config"]}}
    config["config"]["User"] = user
    other = replace(container, image=replace(container.image, config=config))

    code, _ = run(shell(other, "echo 1 > /opt/ml/processing/output/train/part.csv"))

    assert (code == 0) is writes


def test_more_memory_than_the_instance_has_ends_the_container(
    container: Container, run: Run
) -> None:
    greedy = replace(container, command=["python3", "-c", "bytearray(512 * 1024 ** 2)"])

    assert run(greedy, memory=1024 * MIB)[0] == 0
    assert run(greedy, memory=128 * MIB)[0] != 0


@pytest.mark.parametrize(
    ("instance_type", "gib"),
    [("ml.m5.large", 8), ("ml.c5.xlarge", 8), ("ml.r5.2xlarge", 64), ("ml.m5.24xlarge", 384)],
)
def test_an_instance_type_has_the_memory_of_its_family(instance_type: str, gib: int) -> None:
    assert memory_bytes(instance_type) == gib * 1024 * MIB


def test_a_family_whose_memory_is_not_known_is_not_guessed() -> None:
    with pytest.raises(KeyError, match="add its family's memory"):
        memory_bytes("ml.g5.xlarge")
