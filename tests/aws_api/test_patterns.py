"""Two oracles that are not ours: Unicode's own categories, and Python's `re` read as ASCII."""

import re
import sys
import unicodedata

import pytest
import regex
from botocore.loaders import Loader
from hypothesis import assume, given
from hypothesis import strategies as st

from mlops.aws_api.patterns import matches, translated

SERVICES = (
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codeconnections",
    "codepipeline",
    "ecr",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "service-quotas",
    "sns",
    "ssm",
    "sts",
)
LOADER = Loader()
PATTERNS = sorted(
    {
        shape["pattern"]
        for service in SERVICES
        for shape in LOADER.load_service_model(service, "service-2")["shapes"].values()
        if "pattern" in shape
    }
)
"""Every pattern of every service that the platform's code asks."""


def plain(pattern: str) -> re.Pattern[str] | None:
    """What `re` makes of a pattern that says nothing of Java's alone."""
    if r"\p" in pattern or r"\u" in pattern or r"\z" in pattern:
        return None
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        return None


PLAIN = [pattern for pattern in PATTERNS if plain(pattern)]


def test_every_pattern_of_every_service_can_be_read() -> None:
    for pattern in PATTERNS:
        regex.compile(translated(pattern), regex.V1)


def test_most_patterns_have_a_second_reader() -> None:
    assert len(PLAIN) / len(PATTERNS) > 0.9


@given(data=st.data())
def test_a_text_made_from_a_pattern_matches_and_a_changed_one_as_re_says(
    data: st.DataObject,
) -> None:
    pattern = data.draw(st.sampled_from(PLAIN))
    compiled = re.compile(pattern, re.ASCII)
    text = data.draw(st.from_regex(compiled, fullmatch=True))
    at = data.draw(st.integers(0, len(text)))
    other = text[:at] + data.draw(st.sampled_from(["#", "ü", "\n", "٣", "-", " ", ""])) + text[at:]
    # Python's `$` also stands before a last line break, where a whole text is asked as well.
    assume(not (text + other).endswith("\n"))

    assert matches(pattern, text)
    assert matches(pattern, other) is (compiled.fullmatch(other) is not None)


@pytest.mark.parametrize(
    ("pattern", "categories", "further"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", "LZN", "_.:/=+-@"),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", "LMZSNP", ""),
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "LZN", "_.:/=+-@"),
    ],
)
def test_classes_of_letters_are_those_of_unicode(
    pattern: str, categories: str, further: str
) -> None:
    wrong = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        # Characters that this Python does not know yet have no second opinion.
        if (category := unicodedata.category(character)) not in ("Cn", "Cs")
        and matches(pattern, character) is not (category[0] in categories or character in further)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\t\U0001f600", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "\x07", False),
        (r"arn:[\p{Alnum}\-]+:x", "arn:aws:x", True),
        (r"arn:[\p{Alnum}\-]+:x", "arn:äws:x", False),
        (r"\A\S[\p{Print}]*\z", "a b", True),
        (r"\A\S[\p{Print}]*\z", " b", False),
        (r"\A\S[\p{Print}]*\z", "a\n", False),
        (r"[\w-_]*", "a-_9", True),
        (r"[\w-_]*", "ä", False),
    ],
)
def test_what_only_java_says_means_what_java_means(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits
