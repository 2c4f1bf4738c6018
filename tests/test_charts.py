"""Whatever draws a line draws its points: a chart of one period, or one minute, is not empty."""

from pathlib import Path
from typing import Final

import mlops

ROOM: Final = Path(mlops.__file__).parent
STROKES: Final = ("<polyline", "<path ")


def test_every_module_that_draws_lines_draws_points() -> None:
    texts = {path.relative_to(ROOM): path.read_text() for path in ROOM.rglob("*.py")}

    drawing = {path for path, text in texts.items() if any(one in text for one in STROKES)}
    dotting = {path for path, text in texts.items() if "<circle" in text}

    assert len(drawing) >= 4
    assert drawing <= dotting
