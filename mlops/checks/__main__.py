"""`python -m mlops.checks PLAN`: the checks after a deployment, in this process."""

import argparse
import sys
from pathlib import Path
from typing import Final

from mlops.checks.after import after
from mlops.checks.clients import clients_in
from mlops.checks.conclusion import conclude
from mlops.checks.plan import CHECKS, PlanError, read_plan

USER_MISTAKE: Final = 2


def main(arguments: list[str] | None = None) -> int:
    """Run, print every answer when it is there, write the report.

    The exit code is 0 where a promotion may go on, 1 where not, 2 for a user's mistake.
    """
    asked = _parser().parse_args(arguments)
    try:
        plan = read_plan(asked.plan)
    except PlanError as error:
        sys.stderr.write(f"{error}\n")
        return USER_MISTAKE
    results = after(plan, clients_in(plan.region), only=asked.only)
    return conclude(f"checks after {plan.stage}", results, folder=asked.report, say=_say)


def _say(line: str) -> None:
    # Whoever follows the log of a build sees each answer when it is there.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlops.checks", description=__doc__)
    parser.add_argument("plan", type=Path, help="what is expected, as synthesis wrote it")
    parser.add_argument("--only", action="append", choices=CHECKS, help="may be repeated")
    parser.add_argument("--report", type=Path, help="folder of the report")
    return parser


if __name__ == "__main__":
    sys.exit(main())
