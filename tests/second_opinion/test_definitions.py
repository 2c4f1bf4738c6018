"""Definitions that are written by hand say what the SDK would have compiled, key by key.

The SDK is AWS's own: a key that it does not write is one that CreatePipeline need not know.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops.pipeline import sdk_python
from mlops.pipeline.compiler import run_in_sdk

pytestmark = pytest.mark.full

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("sdk_definitions.py")
Definitions = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="session")
def sdk() -> Callable[[Any], Any]:
    """Hands JSON to the program in the SDK's environment, and returns what it prints."""
    python = sdk_python(ROOT, say=print)
    said = {"what": PROGRAM.name}
    return lambda asked: json.loads(
        run_in_sdk(python, str(PROGRAM), text=json.dumps(asked), **said)
    )


@pytest.fixture(scope="session")
def handwritten(definitions: Definitions) -> Definitions:
    """The definitions that no SDK has compiled: they train nothing."""
    return {name: one for name, one in definitions.items() if "Training" not in kinds(one["Steps"])}


def kinds(steps: list[Mapping[str, Any]]) -> set[str]:
    return {step["Type"] for step in steps}


def test_every_definition_written_by_hand_is_the_one_that_the_sdk_compiles(
    sdk: Callable[[Any], Any], handwritten: Definitions
) -> None:
    assert {name.rsplit("-", 1)[-1] for name in handwritten} >= {"batch", "drift"}

    assert sdk(handwritten) == handwritten
