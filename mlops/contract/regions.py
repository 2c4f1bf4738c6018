"""The regions of the standard AWS partition that offer SageMaker, as of the pinned botocore."""

import json
from functools import cache
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("regions.json")


@cache
def regions() -> list[str]:
    """Every region, sorted; `mlops generate` renews the table."""
    table: list[str] = json.loads(TABLE.read_text("utf-8"))
    return table
