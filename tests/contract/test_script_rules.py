from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import Problem
from mlops.contract.script_rules import SERVING_FUNCTIONS

Found = Callable[[], list[Problem]]
TRAIN = """\
from dataclasses import dataclass
from jobs import training

@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    depth: int = 5
    rate: float = 0.5

def main():
    return training.read_hyperparameters("path", Hyperparameters)
"""


@pytest.fixture
def folder(repository: Path) -> Path:
    return repository / "model_code" / "bike_demand"


@pytest.mark.parametrize(
    "name",
    ["preprocess.py", "validate_data.py", "train.py", "evaluate.py", "inference.py", "features.py"],
)
def test_no_script_with_a_syntax_error_is_valid(folder: Path, problems: Found, name: str) -> None:
    (folder / name).write_text("one = 1\ndef broken(:\n")

    (problem,) = problems()

    assert (problem.file, problem.line) == (f"model_code/bike_demand/{name}", 2)
    assert "is not Python" in problem.problem


@pytest.mark.parametrize("name", SERVING_FUNCTIONS)
def test_the_server_needs_each_of_its_functions(folder: Path, problems: Found, name: str) -> None:
    script = folder / "inference.py"
    script.write_text(script.read_text().replace(name, "other_fn"))

    assert [problem.key for problem in problems()] == [name]


ARGUMENTS = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2}
SIGNATURES = {
    "": {0},
    "a": {1},
    "a, b": {2},
    "a, /, b": {2},
    "a, b=1": {1, 2},
    "a, b, c": {3},
    "a, b, c=1": {2, 3},
    "a, *rest": {1, 2, 3},
    "*rest, named": set(),
    "*rest, named=1": {0, 1, 2, 3},
    "a, b, **rest": {2},
}


@pytest.mark.parametrize("name", SERVING_FUNCTIONS)
@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_function_takes_what_the_server_gives(
    folder: Path, problems: Found, name: str, signature: str
) -> None:
    script = folder / "inference.py"
    script.write_text(script.read_text().replace(f"{name}(*_)", f"{name}({signature})"))

    told = [(problem.key, "by position" in problem.problem) for problem in problems()]

    assert told == ([] if ARGUMENTS[name] in SIGNATURES[signature] else [(name, True)])


@pytest.mark.parametrize("name", SERVING_FUNCTIONS)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("async def {}(*_): ...", "is asynchronous"),
        ("{} = None", "is not a function"),
        ("if False:\n    def {}(*_): ...", "the script has none"),
        ("if True:\n    pass\nelse:\n    def {}(*_): ...", "the script has none"),
        ("if TYPE_CHECKING:\n    from server import {}", "the script has none"),
        ("if __name__ == '__main__':\n    def {}(*_): ...", "the script has none"),
        ("if True:\n    def {}(*_): ...", None),
        ("if 0:\n    pass\nelse:\n    def {}(*_): ...", None),
        ("if unknown:\n    def {}(*_): ...", None),
        ("@decorated\ndef {}(): ...", None),
        ("{} = make()", None),
        ("{0} = None\ndef {0}(*_): ...", None),
    ],
)
def test_a_function_is_one_that_the_server_can_call(
    folder: Path, problems: Found, name: str, text: str, message: str | None
) -> None:
    script = folder / "inference.py"
    old = f"def {name}(*_): ..."
    assert old in script.read_text()
    script.write_text(script.read_text().replace(old, text.format(name)))

    told = [(p.key, message is not None and message in p.problem) for p in problems()]

    assert told == ([] if message is None else [(name, True)])


@pytest.mark.parametrize("text", ["from server import *\n", "from server import {}\n"])
def test_functions_may_come_from_another_module(folder: Path, problems: Found, text: str) -> None:
    (folder / "inference.py").write_text(text.format(", ".join(SERVING_FUNCTIONS)))
    (folder / "server.py").write_text("")

    assert problems() == []


def test_an_image_of_the_models_own_may_serve_in_its_own_way(folder: Path, problems: Found) -> None:
    (folder / "inference.py").write_text("")
    (folder / "Dockerfile").write_text("FROM triton\n")

    assert problems() == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("depth: 6, rate: 0.1", None),
        ("depth: 6, rate: 1", None),
        ("depth: 6, rte: 0.1", ("rte", "train.py reads no such hyper-parameter")),
        ("depth: 6.5", ("depth", "train.py reads a whole number here")),
        ("rate: fast", ("rate", "train.py reads a number here")),
    ],
)
def test_a_hyperparameter_is_one_that_train_reads(
    repository: Path, folder: Path, problems: Found, given: str, told: tuple[str, str] | None
) -> None:
    (folder / "train.py").write_text(TRAIN)
    _give(repository, given)

    found = [(problem.key.rpartition(".")[2], problem.problem) for problem in problems()]

    assert found == ([] if told is None else [told])


def test_a_hyperparameter_without_a_default_is_needed(
    repository: Path, folder: Path, problems: Found
) -> None:
    (folder / "settings.py").write_text(TRAIN.replace("depth: int = 5", "depth: int"))
    (folder / "train.py").write_text(
        "from settings import Hyperparameters\nfrom jobs.training import read_hyperparameters\n"
        "read_hyperparameters('path', Hyperparameters)\n"
    )
    _give(repository, "rate: 0.1")

    assert ["needs the hyper-parameter depth" in problem.problem for problem in problems()] == [
        True
    ]


@pytest.mark.parametrize(
    "text",
    [
        "import json\njson.load(open('hyperparameters.json'))\n",
        "read_hyperparameters('path')\n",
        "read_hyperparameters('path', make())\n",
        "read_hyperparameters('path', Unknown)\n",
        "class Base: ...\nclass H(Base):\n    a: int\nread_hyperparameters('path', H)\n",
    ],
)
def test_nothing_is_claimed_of_a_training_that_reads_in_its_own_way(
    folder: Path, problems: Found, text: str
) -> None:
    (folder / "train.py").write_text(text)

    assert problems() == []


def _give(repository: Path, text: str) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    old = "depth: 6, rate: 0.1, loss: squared"
    assert old in contract.read_text()
    contract.write_text(contract.read_text().replace(old, text))
