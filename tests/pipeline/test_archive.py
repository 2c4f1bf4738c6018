"""The code archive depends on the code and on nothing else."""

import gzip
import io
import json
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.contract import ContractError, ImageBuild
from mlops.pipeline import archive as archive_module
from mlops.pipeline import code_files, contract_json, image_tag
from mlops.pipeline.archive import write_archive

NAMES = st.from_regex(r"[a-z]{1,12}\.py", fullmatch=True)


@pytest.fixture
def folder(checkout: Path) -> Path:
    return checkout / "model_code" / "cab_fares"


def members(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return {entry.name: entry for entry in archive.getmembers()}


def test_an_archive_holds_the_modules_the_server_and_the_contract(spec, folder, tmp_path):
    (folder / "tests").mkdir()
    (folder / "tests" / "test_train.py").write_text("")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "train.pyc").write_bytes(b"x")

    archive = write_archive(spec, folder, tmp_path / "build")

    found = list(members(archive.path))
    assert [name for name in found if "/" not in name] == [
        "content.py",
        "contract.json",
        "features.py",
        "model_server.py",
        "probes.py",
        "serve.py",
        "sheet.py",
        "train.py",
    ]


def test_an_archive_holds_the_models_own_packages_with_what_they_read(spec, folder, tmp_path):
    packed = ("lags/__init__.py", "lags/daily/season.py", "lags/holidays.json", "names/parse.py")
    left = (
        "lags/__pycache__/season.pyc",
        "lags/tests/test_season.py",
        "lags/.cache/x.py",
        "notes/idea.md",
        "data/read.py",
        "examples/make.py",
        "tests/test_all.py",
        ".hidden/secret.py",
    )
    for name in (*packed, *left):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)

    files = code_files(spec, folder)
    archive = write_archive(spec, folder, tmp_path / "build")

    own = ("jobs/", "monitoring/")
    assert {n for n in files if "/" in n and not n.startswith(own)} == set(packed)
    assert set(members(archive.path)) == set(files)
    assert files["lags/holidays.json"] == b"lags/holidays.json"


@pytest.mark.parametrize(
    "name", ["serve.py", "sheet.py", "jobs/job.py", "monitoring/mine.py", "serve/app.py", "jobs.py"]
)
def test_a_name_of_the_platforms_code_is_refused(spec, folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("mine")

    with pytest.raises(ContractError) as caught:
        code_files(spec, folder)

    taken = name.partition("/")[0].removesuffix(".py")
    assert "model_code/cab_fares: has a module or package of a name" in str(caught.value)
    assert f"got {taken}; remedy: give it another name" in str(caught.value)


@pytest.mark.parametrize("package", ["jobs", "monitoring"])
def test_an_archive_holds_what_all_models_share_as_packages(spec, folder, tmp_path, root, package):
    archive = write_archive(spec, folder, tmp_path / "build")

    packed = {name for name in members(archive.path) if name.startswith(f"{package}/")}
    ours = (root / "mlops/container" / package).glob("*.py")
    assert packed == {f"{package}/{path.name}" for path in ours}
    assert f"{package}/__init__.py" in packed


def test_no_entry_tells_who_packed_it_or_when(spec, folder, tmp_path):
    archive = write_archive(spec, folder, tmp_path / "build")

    for entry in members(archive.path).values():
        assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")
    assert archive.path.read_bytes()[4:8] == bytes(4)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    files=st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=6),
    times=st.lists(st.integers(1, 2_000_000_000), min_size=6, max_size=6),
    shuffle=st.randoms(use_true_random=False),
)
def test_the_same_files_give_the_same_bytes_in_any_order_and_at_any_time(
    spec, files, times, shuffle
):
    packed = []
    with tempfile.TemporaryDirectory() as scratch:
        for attempt in ("first", "second"):
            folder = Path(scratch) / attempt
            folder.mkdir()
            names = list(files)
            shuffle.shuffle(names)
            for name, time in zip(names, times, strict=False):
                (folder / name).write_bytes(files[name])
                os.utime(folder / name, (time, time))
            shuffle.shuffle(times)
            packed.append(write_archive(spec, folder, folder / "build"))

        assert packed[0].path.name == packed[1].path.name
        assert packed[0].path.read_bytes() == packed[1].path.read_bytes()


def test_a_changed_line_changes_the_hash_and_the_name(spec, folder, tmp_path):
    before = write_archive(spec, folder, tmp_path / "build")
    (folder / "train.py").write_text("print('trained')\n")

    after = write_archive(spec, folder, tmp_path / "build")

    assert before.source_hash != after.source_hash
    assert before.path != after.path


def test_an_unchanged_archive_is_left_alone(spec, folder, tmp_path):
    first = write_archive(spec, folder, tmp_path / "build")
    os.utime(first.path, (1, 1))

    second = write_archive(spec, folder, tmp_path / "build")

    assert second == first
    assert first.path.stat().st_mtime == 1


def test_the_archive_unpacks_to_the_files(spec, folder, tmp_path):
    archive = write_archive(spec, folder, tmp_path / "build")

    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.path.read_bytes()))) as opened:
        found = {e.name: opened.extractfile(e).read() for e in opened.getmembers()}
    assert found == code_files(spec, folder)


def test_the_scripts_contract_holds_the_schema_and_the_examples(spec, folder):
    contract = json.loads(contract_json(spec, folder))

    assert contract["name"] == "cab-fares"
    assert contract["problem"] == {"type": "regression", "target": "fare", "groups": []}
    assert contract["schema"]["input"] == [
        {"name": "km", "type": "number", "min": 0.0, "nullable": False}
    ]
    assert contract["gates"][1] == {"metric": "mae", "comparison": "at_most", "threshold": 4.0}
    assert contract["examples"]["cases"] == [
        {"name": "long", "request": "km\n90\n", "response": [120.0]},
        {"name": "short", "request": {"km": 2}, "response": {"fare": 5.5}},
    ]


def test_what_scripts_do_not_need_is_no_part_of_their_contract(make_spec, folder):
    moved = make_spec(endpoint={"expected_requests_per_minute": 900})

    assert contract_json(moved, folder) == contract_json(make_spec(), folder)


def test_scripts_know_the_window_and_what_drift_is_compared_with(make_spec, folder):
    spec = make_spec(
        evaluation={"recent_days": 91},
        monitoring={"compare_within": "km", "ignored": ["km"], "psi": 0.2},
    )

    contract = json.loads(contract_json(spec, folder))

    assert contract["evaluation"] == {"recent_days": 91}
    assert contract["monitoring"] == {
        "psi": 0.2, "minimum_rows": 500, "compare_within": "km", "ignored": ["km"], "limits": [],
    }  # fmt: skip


def test_when_the_drift_job_runs_changes_no_code(make_spec, folder):
    weekly = make_spec(monitoring={"window_days": 7, "schedule": "cron(0 9 ? * * *)"})

    assert contract_json(weekly, folder) == contract_json(make_spec(), folder)


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.lock"])
def test_an_image_is_known_by_what_it_is_built_from(folder, name):
    before = image_tag(folder, ImageBuild())
    (folder / "train.py").write_text("changed")
    assert image_tag(folder, ImageBuild()) == before

    (folder / name).write_text("changed")

    assert image_tag(folder, ImageBuild()) != before
    assert len(before) == 16


def test_an_image_with_another_proof_of_archives_is_another_image(folder, tmp_path, monkeypatch):
    before = image_tag(folder, ImageBuild())
    (tmp_path / "content.py").write_bytes(archive_module.CONTENT.read_bytes() + b"\n")
    monkeypatch.setattr(archive_module, "CONTENT", tmp_path / "content.py")

    assert image_tag(folder, ImageBuild()) != before


@pytest.mark.parametrize(
    "build",
    [ImageBuild(base=f"mirror.example.com/python@sha256:{64 * '0'}"), ImageBuild(revision=2)],
)
def test_another_base_or_revision_is_another_image(folder, build):
    assert image_tag(folder, build) != image_tag(folder, ImageBuild())


def test_without_a_dockerfile_of_its_own_a_model_is_built_by_the_platforms(folder, root):
    own = image_tag(folder, ImageBuild())
    platforms = root / "mlops/container/serving/Dockerfile"
    (folder / "Dockerfile").write_bytes(platforms.read_bytes())
    same = image_tag(folder, ImageBuild())

    (folder / "Dockerfile").unlink()

    assert image_tag(folder, ImageBuild()) == same != own
