"""Tests of what models carry, in a model's environment: `make test-models` runs them there."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# `jobs` is found beside the platform's other rooms, by the name that it has in an archive.
sys.path[:0] = [str(HERE / "harness"), str(HERE.parents[1] / "mlops/container")]
