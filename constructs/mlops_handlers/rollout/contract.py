"""The model's contract as the functions need it: its cases, and how far an answer may move."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mlops.rollout.probes import Case, Tolerance, cases_of

_ROOT = Path(__file__).resolve().parents[2]


@cache
def _examples() -> Mapping[str, Any]:
    text = (_ROOT / os.environ["CONTRACT"]).read_text("utf-8")
    examples: Mapping[str, Any] = json.loads(text)["examples"]
    return examples


def contract_cases() -> list[Case]:
    """The contract's examples."""
    return cases_of(_examples())


def contract_tolerance() -> Tolerance:
    """How far an answer may move between two versions."""
    return Tolerance(
        relative=_examples()["relative_tolerance"], absolute=_examples()["absolute_tolerance"]
    )
