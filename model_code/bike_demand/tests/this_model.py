"""The model under test, packed and on the path."""

from __future__ import annotations

from pathlib import Path

from models import Model

MODEL = Model(Path(__file__).resolve().parents[1])
PACKED = MODEL.packed
