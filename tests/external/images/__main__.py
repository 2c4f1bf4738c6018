"""`make test-container`: run the tests of this folder where they can run, and say whether they did.

The last line is for whoever reads a build's log: RAN with what ran, or SKIPPED with the reason.
"""

import sys
from pathlib import Path

import pytest

from tests.external.images.machine import reason_to_skip
from tests.external.images.record import Record


def main() -> int:
    """Exit code of the tests; 0 where they cannot run, because the line says so."""
    reason = reason_to_skip()
    if reason:
        sys.stdout.write(f"container: SKIPPED ({reason})\n")
        return 0
    record = Record()
    code = pytest.main(["-q", str(Path(__file__).parent), *sys.argv[1:]], plugins=[record])
    if code == 0 and record.entrypoints:
        sys.stdout.write(f"container: RAN {record.summary()}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
