"""What still has to be removed, on disk before it exists: a killed run leaves nothing unknown."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from mlops.accept.call import Call

_CALLS: Final = TypeAdapter(list[Call])


class BrokenLedgerError(Exception):
    """A ledger that cannot be read: what a run left is not known; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The open removals of a stage, newest last."""

    path: Path

    def open(self) -> list[Call]:
        """What an earlier or this run has still to remove.

        Raises:
            BrokenLedgerError: the file holds no list of removals.
        """
        if not self.path.exists():
            return []
        try:
            return _CALLS.validate_json(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise BrokenLedgerError(
                f"{self.path}: holds no list of what an earlier run has still to remove; remedy: "
                "look in the account for what that run made (CloudTrail lists its Create calls), "
                "then remove this file"
            ) from error

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
