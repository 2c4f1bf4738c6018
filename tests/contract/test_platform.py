# ruff: noqa: E501  # alphabets are read in one piece
import copy
import io
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mlops.contract import ContractError, Problem, load_config, load_platform, model_folders

Path_ = tuple[str | int, ...]
DROP = object()
FILE = st.sampled_from(
    ["model_code/bike_demand/model.yaml", "config/stages.yaml", "config/releases.yaml"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["ml.m5.large", "eu-west-1", "cron(0 3 ? * MON *)", "0" * 12, "a-b", 10**400])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5) | st.sampled_from(["name", "int", "[key]"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
YAMLISH = st.lists(
    st.sampled_from(
        ["a", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ",", "&x ", "*x", "<<: ", "!!int ", "!t ",
         "| ", "> ", "? ", "%YAML 1.1", "%TAG ! x", "---", "...", "'", '"', "\\x", "\\U", "#", "\t",
         "1", "0x", ".nan", "2011-01-01", "é", "\ufeff", "\x85", "name", "stages"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(file=FILE, content=st.binary(max_size=200) | YAMLISH.map(str.encode))
@example(file="config/stages.yaml", content=b'a: "\\U00110000"')
@example(file="config/stages.yaml", content=b'a: "\\UFFFFFFFF"')
@example(file="config/stages.yaml", content=b"%YAML 99999999999999999999.1\n--- a")
@example(file="config/stages.yaml", content=b"%TAG ! !\n--- !a b")
@example(file="config/stages.yaml", content=b"!<tag:yaml.org,2002:int> : b")
def test_no_content_makes_reading_raise_anything_but_problems(
    repository: Path, valid_files: dict[str, str], file: str, content: bytes
) -> None:
    (repository / file).write_bytes(content)

    _only_problems(repository)
    (repository / file).write_text(valid_files[file])


@given(file=FILE, content=YAMLISH, seed=st.randoms(use_true_random=False))
def test_no_splice_into_a_valid_file_makes_reading_raise_anything_but_problems(
    repository: Path, valid_files: dict[str, str], file: str, content: str, seed: random.Random
) -> None:
    text = valid_files[file]
    start = seed.randrange(len(text))
    (repository / file).write_text(text[:start] + content + text[start + seed.randrange(9) :])

    _only_problems(repository)
    (repository / file).write_text(text)


@given(file=FILE, value=VALUES | st.just(DROP), seed=st.randoms(use_true_random=False))
def test_no_change_of_a_node_makes_reading_raise_anything_but_problems(
    repository: Path,
    valid_files: dict[str, str],
    file: str,
    value: object,
    seed: random.Random,
) -> None:
    data = _mutated(valid_files[file], value, seed)
    stream = io.StringIO()
    try:
        YAML(typ="safe", pure=True).dump(data, stream)
    except (UnicodeError, ValueError):
        return
    (repository / file).write_text(stream.getvalue(), "utf-8", "surrogatepass")

    _only_problems(repository)
    (repository / file).write_text(valid_files[file])


def _mutated(text: str, value: object, seed: random.Random) -> Any:
    """The document with one node replaced or dropped."""
    data = copy.deepcopy(YAML(typ="safe", pure=True).load(text))
    path = seed.choice(list(_paths(data, ())))
    parent = data
    for part in path[:-1]:
        parent = parent[part]
    if value is DROP:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return data


def _paths(value: Any, path: Path_) -> Iterator[Path_]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from _paths(inner, (*path, key))


def _only_problems(root: Path) -> None:
    found: tuple[Problem, ...] = ()
    try:
        load_platform(root)
    except ContractError as error:
        found = error.problems

    for problem in found:
        str(problem).encode()
        assert problem.remedy
        assert problem.got is None or problem.allowed, problem


def test_a_platform_knows_its_models_stages_and_names(repository: Path) -> None:
    platform = load_platform(repository)

    assert platform.model("bike-demand").task == "REGRESSION"
    assert platform.stages.training.name == "dev"
    assert platform.stages.stage("prod").canary.bake_minutes == 15
    assert platform.releases.version(model="bike-demand", stage="dev") == 3
    assert platform.releases.version(model="bike-demand", stage="prod") == 2
    assert platform.releases.version(model="bike-demand", stage="test") is None
    assert platform.names.pipeline("bike-demand") == "mlops-bike-demand-training"


def test_one_model_can_be_read_without_the_others(repository: Path) -> None:
    (repository / "model_code" / "broken").mkdir()
    (repository / "model_code" / "broken" / "model.yaml").write_text("- no contract")

    platform = load_platform(repository, model="bike-demand")

    assert [model.name for model in platform.models] == ["bike-demand"]
    assert platform.model_names == ("bike-demand", "broken")
    with pytest.raises(ContractError, match=r"broken/model.yaml:1: input should be"):
        load_platform(repository)


def test_the_configuration_alone_knows_the_models_by_name(repository: Path) -> None:
    (repository / "model_code" / "bike_demand" / "model.yaml").write_text("half done: [")

    platform = load_config(repository)

    assert platform.model_names == ("bike-demand",)
    assert platform.models == ()
    assert platform.releases.version(model="bike-demand", stage="dev") == 3


def test_a_wrong_configuration_is_told_without_the_models_as_well(repository: Path) -> None:
    (repository / "config/stages.yaml").write_text("stages: {}\n")
    (repository / "config/releases.yaml").write_text("release: {}\n")

    with pytest.raises(ContractError) as caught:
        load_config(repository)

    assert {problem.file for problem in caught.value.problems} == {
        "config/stages.yaml", "config/releases.yaml",
    }  # fmt: skip


def test_an_unknown_model_is_refused_with_those_that_exist(repository: Path) -> None:
    with pytest.raises(ContractError, match="there is no model ghost; got 'ghost'; allowed: bike-"):
        load_platform(repository, model="ghost")


def test_an_empty_repository_is_told_everything_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "model_code").mkdir()

    with pytest.raises(ContractError) as caught:
        load_platform(tmp_path)

    assert [p.file for p in caught.value.problems] == [
        "config/stages.yaml", "config/releases.yaml", "model_code",
    ]  # fmt: skip
    with pytest.raises(ContractError, match="there is no model ghost"):
        load_platform(tmp_path, model="ghost")


@pytest.mark.parametrize("model", [None, "bike-demand"])
def test_outside_of_a_repository_the_remedy_is_one_that_helps(
    tmp_path: Path, model: str | None
) -> None:
    with pytest.raises(ContractError) as caught:
        load_platform(tmp_path, model=model)

    (problem,) = caught.value.problems
    assert "is not a repository of this platform" in problem.problem
    assert "mlops --root PATH" in problem.remedy


def test_a_folder_without_a_contract_is_named_once_and_breaks_nobody(repository: Path) -> None:
    (repository / "model_code" / "leftover" / ".venv").mkdir(parents=True)

    whole, one = load_platform(repository), load_platform(repository, model="bike-demand")

    assert [warning.file for warning in whole.warnings] == ["model_code/leftover"]
    assert one.warnings == ()
    assert whole.model_names == one.model_names == ("bike-demand",)


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("bikes", "bikes"),
        ("Bike Demand", "bike-demand in a folder bike_demand"),
        ("bike_demand_of_a_whole_city", "bike-demand in a folder bike_demand"),
        ("bike_demand_", "bike-demand in a folder bike_demand"),
    ],
)
def test_a_wrong_folder_is_answered_by_a_name_that_would_be_taken(
    repository: Path, folder: str, allowed: str
) -> None:
    home = repository / "model_code"
    (home / "bike_demand").rename(home / folder)
    (repository / "config/releases.yaml").write_text("releases: {}\n")

    with pytest.raises(ContractError) as caught:
        load_platform(repository)

    (problem,) = caught.value.problems
    assert problem.allowed == allowed
    assert "rename the folder to bike_demand" in problem.remedy


def test_hidden_folders_and_files_are_no_models(repository: Path) -> None:
    home = repository / "model_code"
    (home / "__pycache__").mkdir()
    (home / ".hidden").mkdir()
    (home / "README.md").write_text("")

    assert [folder.name for folder in model_folders(repository)] == ["bike_demand"]


def test_a_broken_releases_file_does_not_hide_the_models_problems(
    changed: Callable[[str, str, str], list[Any]],
) -> None:
    changed("releases.yaml", "releases:", "- releases:")

    found = changed("model.yaml", "size_percent: 10", "size_percent: 60")

    assert {p.file for p in found} == {"model_code/bike_demand/model.yaml", "config/releases.yaml"}


def test_reading_imports_neither_cdk_nor_an_aws_client(repository: Path) -> None:
    code = (
        "import sys, pathlib; from mlops.contract import load_platform; "
        "load_platform(pathlib.Path(sys.argv[1])); "
        "print([m for m in ('aws_cdk', 'boto3', 'botocore', 'jsonschema') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(repository)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_warnings_refuse_nothing_and_are_kept(repository: Path) -> None:
    contract = repository / "model_code/bike_demand/model.yaml"
    contract.write_text(
        contract.read_text().replace("canary: {", "canary: {alarms: {error_ratio: 0.3}, ")
    )

    (warning,) = load_platform(repository).warnings

    assert warning.level == "warning"
    assert ": warning: endpoint.canary.alarms.error_ratio: " in str(warning)


def test_a_folder_with_hyphens_is_told_the_name_that_it_needs(repository: Path) -> None:
    (repository / "model_code/bike_demand").rename(repository / "model_code/bike-demand")

    with pytest.raises(ContractError) as refused:
        load_platform(repository)

    found = [one for one in refused.value.problems if one.key == "name"]
    assert [(one.got, one.allowed) for one in found] == [("'bike-demand'", "bike_demand")]
