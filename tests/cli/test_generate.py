from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops.cli.generate import generate, generated_files

ROOT = Path(__file__).resolve().parents[2]
FILES = generated_files(ROOT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_committed_generated_file_is_fresh(path: Path) -> None:
    assert path.is_file(), "run `mlops generate` and commit the result"
    assert path.read_text("utf-8") == FILES[path], "run `mlops generate` and commit the result"


def test_generating_writes_what_is_stale_and_leaves_the_rest(tmp_path: Path) -> None:
    first = CliRunner().invoke(generate, obj=tmp_path)
    (tmp_path / "docs/reference/model-contract.md").write_text("old")
    second = CliRunner().invoke(generate, obj=tmp_path)

    assert first.exit_code == second.exit_code == 0
    assert len(first.output.splitlines()) == len(FILES)
    assert second.output == "wrote docs/reference/model-contract.md\n"
    assert all(path.read_text("utf-8").endswith("\n") for path in generated_files(tmp_path))
