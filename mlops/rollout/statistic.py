"""Which statistics an alarm of CloudWatch may name.

The names are those of PutMetricAlarm's parameters Statistic and ExtendedStatistic; the bounds of
percentiles are those of "CloudWatch statistics definitions".
"""

import re
from typing import Final

PLAIN: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum", "IQM")
EXAMPLES: Final = f"{', '.join(PLAIN)}, p99, tm90, tc90, ts90, wm90, PR(100:2000), TM(10%:90%)"

_SHARE: Final = re.compile(r"(?:p|tm|tc|ts|wm)(\d{1,3}(?:\.\d{1,10})?)")
_SHARES: Final = re.compile(
    r"(?:TM|TC|TS|WM)\((\d{1,2}(?:\.\d{1,10})?)%:(\d{1,2}(?:\.\d{1,10})?)%\)"
)
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_VALUES: Final = re.compile(rf"PR\(({_NUMBER})?:({_NUMBER})?\)")
_LOWEST, _HIGHEST = 10, 90
"""Percent that the bounds of a trimmed statistic may have in an alarm."""


def is_statistic(name: str) -> bool:
    """Whether CloudWatch takes an alarm on this statistic."""
    if name in PLAIN:
        return True
    share = _SHARE.fullmatch(name)
    if share:
        return float(share[1]) <= 100  # noqa: PLR2004  # percent
    shares = _SHARES.fullmatch(name)
    if shares:
        return _LOWEST <= float(shares[1]) < float(shares[2]) <= _HIGHEST
    values = _VALUES.fullmatch(name)
    if values is None or values[1] is values[2] is None:
        return False
    return values[1] is None or values[2] is None or float(values[1]) < float(values[2])
