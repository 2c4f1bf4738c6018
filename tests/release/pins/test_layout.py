import difflib
import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.release import ReleaseError
from mlops.release.pins.layout import with_pin, without_pin
from mlops.release.pins.releases_file import releases_in

STAGES = ("dev", "staging", "prod")
ARN = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/mlops-{}/{}"


def pinned(text: str, stage: str, version: int, model: str = "bike-demand") -> str:
    return with_pin(text, model=model, stage=stage, version=version, stages=STAGES)


def unpinned(text: str, stage: str) -> str:
    return without_pin(text, model="bike-demand", stage=stage)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{dev: 3, prod: 2}", "{dev: 3, prod: 9}"),
        ("{ 'prod' : 2 , dev: 3 } # why", "{ 'prod' : 9 , dev: 3 } # why"),
        ("\n    prod:   2  # why", "\n    prod:   9  # why"),
        (f"{{prod: '{ARN.format('b', 12)}'}}", f"{{prod: '{ARN.format('b', 9)}'}}"),
        (f'\n    "prod": "{ARN.format("b", 12)}"', f'\n    "prod": "{ARN.format("b", 9)}"'),
        (f"\n    prod: {ARN.format('b', 12)}", f"\n    prod: {ARN.format('b', 9)}"),
        ("{prod: !!int 2}", "{prod: !!int 9}"),
        ("{prod: &live 2}", "{prod: &live 9}"),
        ("{\n    dev: 3, # a\n    prod: 2, # b\n  }", "{\n    dev: 3, # a\n    prod: 9, # b\n  }"),
    ],
)
def test_a_new_version_takes_the_place_of_the_old_one_alone(before: str, after: str) -> None:
    head = "# top\nreleases:\n  bike-demand: "

    assert pinned(f"{head}{before}\n", "prod", 9) == f"{head}{after}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{dev: 3, prod: 2}", "{dev: 3, staging: 9, prod: 2}"),
        ("{prod: 2, dev: 3}", "{prod: 2, dev: 3, staging: 9}"),
        ("{prod: 2}", "{staging: 9, prod: 2}"),
        ("{}", "{staging: 9}"),
        ("{ }  # none", "{staging: 9 }  # none"),
        (
            "\n    # a\n    dev: 3  # b\n    # c\n    prod: 2",
            "\n    # a\n    dev: 3  # b\n    staging: 9\n    # c\n    prod: 2",
        ),
        ("  # x\n    # a\n    prod: 2", "  # x\n    staging: 9\n    # a\n    prod: 2"),
    ],
)
def test_a_new_pin_stands_where_the_order_of_promotion_puts_it(before: str, after: str) -> None:
    head = "releases:\n  bike-demand: "

    assert pinned(f"{head}{before}\n", "staging", 9) == f"{head}{after}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "releases:\n  bike-demand: {dev: 9}\n"),
        ("# only words", "# only words\nreleases:\n  bike-demand: {dev: 9}\n"),
        ("releases: {}\n", "releases:\n  bike-demand: {dev: 9}\n"),
        ("releases: { }  # none\n# end", "releases:  # none\n  bike-demand: {dev: 9}\n# end"),
        ("{releases: {}}\n", "{releases: {bike-demand: {dev: 9}}}\n"),
        ("{}\n", "{releases: {bike-demand: {dev: 9}}}\n"),
        ("releases: {a: {dev: 1}}\n", "releases: {a: {dev: 1}, bike-demand: {dev: 9}}\n"),
        (
            "releases:\n   a: {dev: 1} # x\n\n# end\n",
            "releases:\n   a: {dev: 1} # x\n   bike-demand: {dev: 9}\n\n# end\n",
        ),
        (
            "releases:\n  a:\n    dev: 1 # x\n    # y\n\n# end\n",
            "releases:\n  a:\n    dev: 1 # x\n    # y\n  bike-demand:\n    dev: 9\n\n# end\n",
        ),
        (
            "releases:\r\n  a:\r\n     dev: 1 # x",
            "releases:\r\n  a:\r\n     dev: 1 # x\r\n  bike-demand:\r\n     dev: 9",
        ),
    ],
)
def test_a_new_model_looks_like_its_neighbours(before: str, after: str) -> None:
    assert pinned(before, "dev", 9) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" {dev: 3, prod: 2}", " {dev: 3}"),
        (" {prod: 2, dev: 3}", " {dev: 3}"),
        (" {dev: 3,\n    prod: 2}", " {dev: 3}"),
        (" {prod: 2,\n    dev: 3}", " {dev: 3}"),
        (" {prod: 2}", " {}"),
        (" {prod: 2,}  # x", " {}  # x"),
        (" {dev: 3, prod: 2 ,} # x", " {dev: 3 ,} # x"),
        (" {dev: 3, # a\n    prod: 2, staging: 4}", " {dev: 3, # a\n    staging: 4}"),
        (
            "\n    # a\n    dev: 3 # b\n    prod: 2 # c\n    # d",
            "\n    # a\n    dev: 3 # b\n    # d",
        ),
        (" # a\n    # b\n    prod: 2 # c\n    # d", " {} # a\n    # b\n    # d"),
        (" {\n    dev: 3, # a\n    # b\n    prod: 2 # c\n  }", " {\n    dev: 3, # a\n    # b\n  }"),
        (" {\n    prod: 2, # c\n    # b\n    dev: 3\n  }", " {\n    # b\n    dev: 3\n  }"),
        (" {\n    prod: 2\n  }", " {\n  }"),
    ],
)
def test_a_pin_goes_with_the_comment_on_its_line_and_no_other(before: str, after: str) -> None:
    head = "releases:\n  bike-demand:"

    assert unpinned(f"{head}{before}\n", "prod") == f"{head}{after}\n"


@pytest.mark.parametrize("pins", ["prod: 2, # why\n    dev: 3", "dev: 3, # why\n    prod: 2"])
def test_a_pin_between_comments_that_must_stay_is_left_to_its_writer(pins: str) -> None:
    with pytest.raises(ReleaseError, match="remove it by hand"):
        unpinned(f"releases:\n  bike-demand: {{{pins}}}\n", "prod")


def test_the_last_line_gets_no_end_that_it_did_not_have() -> None:
    text = "releases:\n  bike-demand:\n    dev: 3 # c"

    longer = pinned(text, "prod", 9)

    assert longer == f"{text}\n    prod: 9"
    assert unpinned(longer, "prod") == text


COMMENTS = st.sampled_from(["", "  # why: {not: this}", " # 'quoted'", "   #x, y"])
WORDS = st.lists(st.sampled_from(["", "# a: 1", "    # {b}", "# é 'c"]), max_size=2)
MODELS = ("bike-demand", "churn", "fraud")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A generated file, and what it means."""

    text: str
    pins: dict[str, dict[str, int | str]]


@st.composite
def values(draw: st.DrawFn, model: str) -> tuple[str, int | str]:
    version = draw(st.integers(1, 999))
    arn = ARN.format(model, version)
    forms: list[tuple[str, int | str]] = [(str(version), version), (f"+{version}", version)]
    forms += [(arn, arn), (f'"{arn}"', arn), (f"'{arn}'", arn)]
    return draw(st.sampled_from(forms))


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    return draw(st.sampled_from([name, name, f'"{name}"', f"'{name}'"])) + draw(
        st.sampled_from([":", " :"])
    )


@st.composite
def models(draw: st.DrawFn, name: str) -> tuple[list[str], dict[str, int | str]]:
    """The lines of one model below `releases:`, and its pins."""
    stages = draw(st.lists(st.sampled_from(STAGES), unique=True, max_size=3))
    written = {stage: draw(values(name)) for stage in stages}
    entries = [f"{draw(keys(stage))} {written[stage][0]}" for stage in stages]
    pins = {stage: value for stage, (_, value) in written.items()}
    key = draw(keys(name))
    form = draw(st.sampled_from(["block", "line", "lines"])) if stages else "line"
    if form == "line":
        comma = draw(st.sampled_from([", ", " , ", ","]))
        return [f"  {key} {{{comma.join(entries)}}}{draw(COMMENTS)}"], pins
    indent = " " * draw(st.integers(3, 6))
    mark = "," if form == "lines" else ""
    lines = [f"  {key}{' {' if mark else ''}{draw(COMMENTS)}"]
    for entry in entries:
        lines += draw(WORDS)
        lines.append(f"{indent}{entry}{mark}{draw(COMMENTS)}")
    return [*lines, *([f"  }}{draw(COMMENTS)}"] if mark else [])], pins


@st.composite
def files(draw: st.DrawFn) -> Written:
    names = draw(st.lists(st.sampled_from(MODELS), unique=True, max_size=3))
    lines = [*draw(WORDS), f"releases:{'' if names else ' {}'}{draw(COMMENTS)}"]
    pins = {}
    for name in names:
        lines += draw(WORDS)
        model, pins[name] = draw(models(name))
        lines += model
    lines += draw(WORDS)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return Written(text=end.join(lines) + draw(st.sampled_from(["", end])), pins=pins)


def meaning(text: str) -> dict[str, dict[str, int | str]]:
    spec = releases_in(text)
    assert spec is not None, text
    return {model: dict(pins) for model, pins in spec.releases.items()}


def outside_of(removed: bool, before: str, after: str) -> list[str]:
    """The lines that only one of the texts has."""
    mark = "- " if removed else "+ "
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[2:] for line in found if line.startswith(mark)]


def comments(text: str) -> list[str]:
    return re.findall(r"(?:^|(?<=\s))#[^\r\n]*", text)


@settings(max_examples=60)
@given(files())
def test_the_generated_files_mean_what_they_were_made_to_mean(file: Written) -> None:
    assert meaning(file.text) == file.pins


@settings(max_examples=200)
@given(files(), st.sampled_from(MODELS), st.sampled_from(STAGES), st.integers(1000, 9999))
def test_a_pin_changes_what_it_says_and_no_other_byte(
    file: Written, model: str, stage: str, version: int
) -> None:
    after = pinned(file.text, stage, version, model)

    old = file.pins.get(model, {}).get(stage)
    new = f"{old.rpartition('/')[0]}/{version}" if isinstance(old, str) else version
    pins = {**file.pins.get(model, {}), stage: new}
    assert meaning(after) == {**file.pins, model: pins}
    assert comments(after) == comments(file.text)
    assert len(outside_of(True, file.text, after)) <= 1
    assert len(outside_of(False, file.text, after)) <= 2
    assert ("\r\n" in after) == ("\r\n" in file.text) or "\n" not in file.text
    assert after.endswith(("\n", "\r\n")) == file.text.endswith("\n") or "\n" not in file.text


@settings(max_examples=200)
@given(files(), st.sampled_from(MODELS), st.sampled_from(STAGES))
def test_a_pin_that_is_taken_away_takes_one_line_at_most(
    file: Written, model: str, stage: str
) -> None:
    if stage not in file.pins.get(model, {}):
        return

    after = without_pin(file.text, model=model, stage=stage)

    left = {name: value for name, value in file.pins[model].items() if name != stage}
    assert meaning(after) == {**file.pins, model: left}
    gone = outside_of(True, file.text, after)
    assert len(gone) <= 2
    assert len(comments(after)) >= len(comments(file.text)) - 1
    assert set(comments(file.text)) - set(comments(after)) <= set(comments("\n".join(gone)))


@settings(max_examples=100)
@given(files(), st.sampled_from(STAGES), st.integers(1000, 9999))
def test_a_new_pin_that_is_taken_away_again_leaves_the_file_as_it_was(
    file: Written, stage: str, version: int
) -> None:
    pins = file.pins.get("bike-demand", {})
    if not pins or stage in pins:
        return

    assert unpinned(pinned(file.text, stage, version), stage) == file.text
