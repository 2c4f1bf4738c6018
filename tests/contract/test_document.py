import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops.contract import ContractError
from mlops.contract.document import MAX_BYTES, Document, dotted, read_document

Read = Callable[[str | bytes], Document]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(content: str | bytes) -> Document:
        path = tmp_path / "a.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_document(path, root=tmp_path)

    return run


def test_every_key_and_entry_knows_its_line(read: Read) -> None:
    document = read("a: 1\nb:\n  - x\n  - c: 2\n\n    d: 3\n")

    assert document.data == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert document.line(("b", 1, "d")) == 6
    assert document.line(("b", 0)) == 3
    assert document.line(("b", 1, "missing", "deeper")) == 4
    assert document.line(("nothing",)) == 1
    assert document.line(()) == 1
    assert read("").line(()) is None


@pytest.mark.parametrize("content", ["", "# only a comment\n", "\n\n", "---\n", "~"])
def test_a_file_without_content_holds_nothing(read: Read, content: str) -> None:
    assert read(content).data is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("text", "text"),
        ('"0123"', "0123"),
        ("yes", "yes"),
        ("12e3", 12000.0),
        (".5", 0.5),
        ("-1.25", -1.25),
        ("+7", 7),
        ("True", True),
        ("null", None),
        ("", None),
        ("!!str 5", "5"),
        ("-.inf", float("-inf")),
        (".inf", float("inf")),
    ],
)
def test_scalars_are_read_as_editors_read_them(read: Read, text: str, value: object) -> None:
    data = read(f"a: {text}").data

    assert data == {"a": value}
    assert isinstance(data, dict)
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "012345678901",
        "0o17",
        "0x1f",
        "1_000",
        "2011-01-01",
        "2011-01-01T00:00:00Z",
        "1" * 5000,
        "1_0.5",
        "!!binary abc",
        "!!int text",
        "!!bool text",
        "!!null text",
        "!!float text",
        "!!python/object:os.system x",
        r'"\ud800"',
    ],
)
def test_what_could_be_meant_otherwise_is_refused_at_its_line(read: Read, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(f"b: 1\na: {text}")

    assert len(caught.value.problems) == 1
    for problem in caught.value.problems:
        assert (problem.key, problem.line) == ("a", 2)
        assert "quote it" in problem.remedy


@pytest.mark.parametrize("text", ["!thing {a: 1}", "!!set {a, b}", "!!omap [a: 1]"])
def test_a_tag_makes_no_object(read: Read, text: str) -> None:
    with pytest.raises(ContractError, match=r"a.yaml:1: a: the tag .* is not allowed"):
        read(f"a: {text}")


def test_all_unreadable_values_are_reported_at_once(read: Read) -> None:
    with pytest.raises(ContractError) as caught:
        read("a: 2011-01-01\nb: 012\n1: x\na: 3\n? [x]\n: 1\n")

    assert [problem.line for problem in caught.value.problems] == [1, 2, 3, 4, 5]


def test_a_key_that_stands_twice_is_refused_where_it_stands_again(read: Read) -> None:
    with pytest.raises(ContractError, match=r"a.yaml:3: x.a: duplicate key"):
        read("x:\n  a: 1\n  a: 2\n")


def test_anchors_are_expanded_and_may_be_defined_again(read: Read) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert read("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n").data == {
            "a": [1],
            "b": [1],
            "c": 2,
            "d": 2,
        }


def test_merged_keys_yield_to_those_that_stand_in_the_block(read: Read) -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {x: 5, z: 6}\nc:\n  <<: [*a, *b]\n  y: 3\nd: {<<: *b}\n"

    document = read(text)

    assert isinstance(document.data, dict)
    assert document.data["c"] == {"x": 1, "y": 3, "z": 6}
    assert document.data["d"] == {"x": 5, "z": 6}
    assert document.line(("c", "y")) == 5


def test_merging_something_else_than_a_block_is_refused(read: Read) -> None:
    with pytest.raises(ContractError, match="`<<` merges something else"):
        read("a:\n  <<: 5\n")


@pytest.mark.parametrize(
    "content",
    [
        "a: &a\n  b: *a\n",
        "a: &a [*a]\n",
        "a: &a\n  <<: *a\n",
        "a: &a\n  <<: [*a]\n",
        "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9)).replace(
            "*x0", "y"
        ),
        "[" * 60 + "]" * 60,
        "[" * 600,
        "a: " * 3000,
        "- " * 3000,
    ],
)
def test_bombs_are_refused(read: Read, content: str) -> None:
    with pytest.raises(ContractError):
        read(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\n", r"a.yaml:2: is not UTF-8 text"),
        (b"a: 1\nb: \x00\n", r"a.yaml:2: is not valid YAML: the character #x0000"),
        (b"a:\n\t- 1\n", r"a.yaml:2: is not valid YAML"),
        (b"a: [1\n", r"a.yaml:2: is not valid YAML"),
        (b"a: 1\n---\nb: 2\n", r"a.yaml:2: is not valid YAML"),
        (b"a: *x\n", r"a.yaml:1: is not valid YAML"),
        (b"#" * (MAX_BYTES + 1), r"larger than 256,000 bytes"),
        (b'a: "\\UFFFFFFFF"', r"is not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(read: Read, content: bytes, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        read(content)


def test_a_byte_order_mark_is_no_content(read: Read) -> None:
    assert read(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()

    for name in ("folder.yaml", "missing.yaml"):
        with pytest.raises(ContractError, match=f"{name}: cannot be read: .*; remedy: create it"):
            read_document(tmp_path / name, root=tmp_path)


def test_a_key_path_reads_as_people_write_it() -> None:
    assert dotted(("gates", 0, "metric")) == "gates[0].metric"
    assert dotted(()) == ""
