"""Every metric of the platform has its name, unit and dimensions from one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

from mlops import metrics
from mlops.metrics import OWN_METRICS

ROOT = Path(__file__).parents[1]
VOCABULARY = ROOT / "mlops" / "metrics.py"
# It runs in a model's image and knows no platform; its own tests hold it to these names.
ENGINE = ROOT / "mlops" / "container" / "monitoring"
# A name of one word is a word elsewhere, too.
NAMES = {one.name for one in OWN_METRICS if sum(letter.isupper() for letter in one.name) > 1}


def literals(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def said_again(folder: Path) -> list[tuple[str, str]]:
    """Namespaces and names that a file writes for itself."""
    return [
        (str(path.relative_to(folder)), text)
        for room in ("mlops", "constructs", "stacks")
        for path in sorted((folder / room).rglob("*.py"))
        if path != VOCABULARY and not path.is_relative_to(ENGINE)
        for text in literals(path)
        if text.startswith("Mlops/") or text in NAMES
    ]


def test_no_file_says_a_namespace_or_a_name_for_itself() -> None:
    assert said_again(ROOT) == []


def test_a_bare_namespace_is_found(tmp_path: Path) -> None:
    home = tmp_path / "constructs"
    home.mkdir()
    (home / "alarm.py").write_text('NAMESPACE = "Mlops/Batch"\nNAME = "EmptyFiles"\n')

    assert said_again(tmp_path) == [
        ("constructs/alarm.py", "Mlops/Batch"),
        ("constructs/alarm.py", "EmptyFiles"),
    ]


def test_no_two_metrics_are_one() -> None:
    assert len({(one.namespace, one.name) for one in OWN_METRICS}) == len(OWN_METRICS)
    assert metrics.WRONG_ANSWERS in OWN_METRICS
    assert {one.namespace for one in OWN_METRICS} == {
        metrics.SERVING, metrics.MONITORING, metrics.BATCH,
    }  # fmt: skip


def test_a_metric_exists_under_all_of_its_dimensions() -> None:
    assert metrics.CHECK.dimensions == {"EndpointName", "Check"}
    assert metrics.BATCH_ROWS.dimensions == {"PipelineName"}
