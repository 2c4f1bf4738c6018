from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import ContentSpec, ContractError
from mlops.release import ReleaseError, ReleasesFile
from mlops.release.pins.releases_file import releases_in

MODEL = "bike-demand"
CONTENT = ContentSpec(archive="a" * 64, answers="b" * 64, baseline="c" * 64, image="d" * 64)


@pytest.fixture
def written(repository: Path) -> Callable[[str], ReleasesFile]:
    """The file with this text."""

    def read(text: str) -> ReleasesFile:
        (repository / "config/releases.yaml").write_bytes(text.encode())
        return ReleasesFile.read(repository, model=MODEL)

    return read


def content(repository: Path) -> str:
    return (repository / "config/releases.yaml").read_bytes().decode()


def test_an_edit_is_in_memory_until_it_is_written(file: ReleasesFile, repository: Path) -> None:
    before = content(repository)

    after = file.pinned(model=MODEL, stage="dev", version=4)

    assert content(repository) == before
    assert after.version(model=MODEL, stage="dev") == 4
    assert file.version(model=MODEL, stage="dev") == 3


def test_edits_follow_each_other(file: ReleasesFile) -> None:
    after = file.pinned(model=MODEL, stage="prod", version=2)
    after = after.unpinned(model=MODEL, stage="staging").pinned(
        model="churn", stage="dev", version=1
    )

    assert after.spec.releases == {MODEL: {"dev": 3, "prod": 2}, "churn": {"dev": 1}}
    assert "  bike-demand: {dev: 3, prod: 2}  # the first model\n" in after.text


def test_pins_of_any_model_are_edited_without_a_look_at_their_contracts(repository: Path) -> None:
    (repository / "model_code/bike_demand/model.yaml").write_text("half done: [")

    file = ReleasesFile.read(repository, model=None)

    after = file.pinned(model=MODEL, stage="prod", version=2)
    assert after.pinned(model="churn", stage="dev", version=1).spec.releases == {
        MODEL: {"dev": 3, "staging": 2, "prod": 2},
        "churn": {"dev": 1},
    }


LINE = f'"4": {{archive: {"a" * 64}, answers: {"b" * 64}, baseline: {"c" * 64}, image: {"d" * 64}}}'


def test_a_releases_content_is_one_line_more(file: ReleasesFile) -> None:
    after = file.pinned(model=MODEL, stage="dev", version=4, content=CONTENT)

    added = [line[1:] for line in after.diff(file).splitlines()[2:] if line.startswith("+")]
    assert added[1:] == ["contents:", f"  {MODEL}:", f"    {LINE}"]
    assert after.spec.content(model=MODEL, version=4) == CONTENT
    assert after.spec.content(model=MODEL, version=3) is None


def test_the_next_version_and_the_next_model_find_their_places(file: ReleasesFile) -> None:
    first = file.pinned(model=MODEL, stage="dev", version=4, content=CONTENT)

    second = first.pinned(model=MODEL, stage="dev", version=5, content=CONTENT)
    third = second.pinned(model="churn", stage="dev", version=1, content=CONTENT)

    tail = third.text.partition("contents:\n")[2].splitlines()
    assert tail == [
        f"  {MODEL}:", f"    {LINE}", f"    {LINE.replace('4', '5', 1)}",
        "  churn:", f"    {LINE.replace('4', '1', 1)}",
    ]  # fmt: skip


def test_a_promotion_of_a_known_version_is_one_word(file: ReleasesFile) -> None:
    known = file.pinned(model=MODEL, stage="dev", version=4, content=CONTENT)

    after = known.pinned(model=MODEL, stage="staging", version=4, content=CONTENT)

    assert after.text == known.text.replace("staging: 2", "staging: 4")


def test_a_pin_without_its_content_is_given_it(file: ReleasesFile) -> None:
    after = file.pinned(model=MODEL, stage="dev", version=3, content=CONTENT)

    assert after.spec.releases == file.spec.releases
    assert after.spec.content(model=MODEL, version=3) == CONTENT


@pytest.mark.parametrize("part", ContentSpec.model_fields)
def test_a_version_whose_bytes_changed_since_its_release_is_refused(
    file: ReleasesFile, part: str
) -> None:
    known = file.pinned(model=MODEL, stage="dev", version=4, content=CONTENT)
    replaced = CONTENT.model_copy(update={part: "e" * 64})

    with pytest.raises(ReleaseError, match=r"bike-demand 4: .* was replaced; remedy: reject"):
        known.pinned(model=MODEL, stage="staging", version=4, content=replaced)


@pytest.mark.parametrize(
    "text",
    [
        "releases: {}\ncontents: {}\n",
        "releases: {}\ncontents:\n  bike-demand: {}\n",
        "{releases: {}}\n",
    ],
)
def test_contents_in_a_layout_that_nobody_writes_are_not_guessed_at(
    written: Callable[[str], ReleasesFile], text: str
) -> None:
    with pytest.raises(ReleaseError, match="by hand"):
        written(text).pinned(model=MODEL, stage="dev", version=4, content=CONTENT)


def test_an_equal_pin_leaves_the_file_alone(file: ReleasesFile) -> None:
    assert file.pinned(model=MODEL, stage="dev", version=3) is file
    assert file.unpinned(model=MODEL, stage="prod") is file


def test_an_arn_stays_one_and_equals_its_version(
    written: Callable[[str], ReleasesFile],
) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-bike-demand/"
    file = written(f"releases:\n  bike-demand:\n    prod: '{arn}12' # why\n")

    assert file.pinned(model=MODEL, stage="prod", version=12) is file
    assert file.pinned(model=MODEL, stage="prod", version=3).text == (
        f"releases:\n  bike-demand:\n    prod: '{arn}3' # why\n"
    )


def test_the_diff_is_what_git_would_show(file: ReleasesFile) -> None:
    assert file.pinned(model=MODEL, stage="dev", version=4).diff(file) == (
        "--- a/config/releases.yaml\n"
        "+++ b/config/releases.yaml\n"
        "@@ -1,3 +1,3 @@\n"
        " # Who runs what.\n"
        " releases:\n"
        "-  bike-demand: {dev: 3, staging: 2}  # the first model\n"
        "+  bike-demand: {dev: 4, staging: 2}  # the first model\n"
    )
    assert file.diff(file) == ""


def test_the_diff_tells_a_missing_end_of_line(written: Callable[[str], ReleasesFile]) -> None:
    file = written("releases:\n  bike-demand: {dev: 3}")

    diff = file.pinned(model=MODEL, stage="dev", version=4).diff(file)

    assert diff.count("\n\\ No newline at end of file\n") == 2


def test_a_byte_order_mark_stays(written: Callable[[str], ReleasesFile]) -> None:
    file = written("\ufeffreleases:\n  bike-demand: {dev: 3}\n")

    after = file.pinned(model=MODEL, stage="dev", version=4)

    assert after.text == "\ufeffreleases:\n  bike-demand: {dev: 4}\n"


@pytest.mark.parametrize(
    "text",
    [
        "releases:\n  churn: &all {dev: 3}\n  bike-demand: *all\n",
        "releases:\n  churn: {dev: &v 3}\n  bike-demand: {dev: *v}\n",
        "releases:\n  churn: &all {dev: 3}\n  bike-demand:\n    <<: *all\n    prod: 1\n",
        "releases:\n  bike-demand: {dev: &v 3}\n  churn: {dev: *v}\n",
        "releases:\n  ? bike-demand\n  : ? dev\n    : 3\n",
    ],
)
def test_a_file_whose_layout_defeats_the_edit_is_not_guessed_at(
    text: str, written: Callable[[str], ReleasesFile]
) -> None:
    file = written(text)

    with pytest.raises(ReleaseError, match=r"nothing was changed; remedy: write the pin by hand"):
        file.pinned(model=MODEL, stage="dev", version=4).unpinned(model=MODEL, stage="dev")


def test_an_unknown_stage_is_refused(file: ReleasesFile) -> None:
    with pytest.raises(ReleaseError, match="no stage 'qa'; allowed: dev, staging, prod; remedy"):
        file.pinned(model=MODEL, stage="qa", version=4)


def test_an_unknown_model_is_refused_by_the_contract(repository: Path, file: ReleasesFile) -> None:
    with pytest.raises(
        ContractError, match="no model fraud; got 'fraud'; allowed: bike-demand, ch"
    ):
        ReleasesFile.read(repository, model="fraud")
    with pytest.raises(ContractError, match="there is no such model"):
        file.pinned(model="fraud", stage="dev", version=4)


def test_what_the_contract_refuses_does_not_come_to_be(file: ReleasesFile) -> None:
    with pytest.raises(ContractError, match=r"config/releases.yaml:3: releases.bike-demand.dev"):
        file.pinned(model=MODEL, stage="dev", version=0)


def test_the_markers_of_a_merge_are_named_with_their_line(
    written: Callable[[str], ReleasesFile],
) -> None:
    text = "releases:\n<<<<<<< HEAD\n  bike-demand: {dev: 3}\n=======\n  bike-demand: {dev: 4}\n"

    with pytest.raises(ContractError, match=r"config/releases.yaml:2: has the markers of an unf"):
        written(f"{text}>>>>>>> other\n")


def test_a_file_that_is_not_there_is_refused_by_the_contract(repository: Path) -> None:
    (repository / "config/releases.yaml").unlink()

    with pytest.raises(ContractError, match="cannot be read"):
        ReleasesFile.read(repository, model=MODEL)


def test_writing_keeps_the_mode_and_leaves_nothing_behind(
    file: ReleasesFile, repository: Path
) -> None:
    path = repository / "config/releases.yaml"
    path.chmod(0o664)
    after = file.pinned(model=MODEL, stage="dev", version=4)

    after.write(before=file)

    assert content(repository) == after.text
    assert path.stat().st_mode & 0o777 == 0o664
    assert sorted(p.name for p in path.parent.iterdir()) == ["releases.yaml", "stages.yaml"]


def test_writing_follows_a_link(repository: Path) -> None:
    path = repository / "config/releases.yaml"
    path.rename(repository / "elsewhere.yaml")
    path.symlink_to(repository / "elsewhere.yaml")
    file = ReleasesFile.read(repository, model=MODEL)

    file.pinned(model=MODEL, stage="dev", version=4).write(before=file)

    assert path.is_symlink()
    assert "dev: 4" in content(repository)


def test_a_file_that_somebody_else_changed_meanwhile_is_not_overwritten(
    file: ReleasesFile, repository: Path
) -> None:
    (repository / "config/releases.yaml").write_text("releases: {}\n")

    with pytest.raises(ReleaseError, match="changed while this command ran"):
        file.pinned(model=MODEL, stage="dev", version=4).write(before=file)

    assert content(repository) == "releases: {}\n"


def test_a_write_that_fails_half_way_leaves_the_old_file(
    file: ReleasesFile, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = content(repository)
    monkeypatch.setattr("mlops.release.pins.releases_file.shutil.copymode", full)

    with pytest.raises(ReleaseError, match="cannot be written: No space left on device"):
        file.pinned(model=MODEL, stage="dev", version=4).write(before=file)

    assert content(repository) == before
    assert len(list((repository / "config").iterdir())) == 2


@pytest.mark.parametrize("text", ["releases: [", "releases: 3", "release: {}", "{a: b: c}"])
def test_an_old_file_that_cannot_be_read_has_no_meaning(text: str) -> None:
    assert releases_in(text) is None
