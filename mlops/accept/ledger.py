"""What still has to be removed, on disk before it exists: a killed run leaves nothing unknown."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mlops.accept.call import Call


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The open removals of a stage, newest last."""

    path: Path

    def open(self) -> list[Call]:
        """What an earlier or this run has still to remove."""
        if not self.path.exists():
            return []
        return [Call(**entry) for entry in json.loads(self.path.read_text("utf-8"))]

    def note(self, undo: Call) -> None:
        """Remember a removal."""
        self._write([*self.open(), undo])

    def strike(self, undo: Call) -> None:
        """Forget a removal that is done."""
        self._write([one for one in self.open() if _entry(one) != _entry(undo)])

    def _write(self, undos: list[Call]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".writing")
        beside.write_text(json.dumps([_entry(undo) for undo in undos], indent=1) + "\n", "utf-8")
        beside.replace(self.path)


def _entry(undo: Call) -> Mapping[str, Any]:
    return {**asdict(replace(undo, undo=None, until=None)), "spent": list(undo.spent)}
