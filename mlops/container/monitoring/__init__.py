"""Looks for drift in captured traffic: the statistics, without AWS and without the platform.

Runs in a model's own image, on the standard library, numpy and scipy.
"""

from .analysis import Result, analyse
from .baseline import Baseline
from .baseline_files import baseline_files, read_baseline, read_settings
from .bias import Groups
from .capture import PROBE_PREFIX, Window
from .errors import MonitoringError
from .labels import Labels, read_labels
from .observation import Observation, Truth, observe
from .outcome import Outcome
from .report_page import page
from .reporting import MetricValue, metric_values, report, to_text, violations
from .schema import Field, Schema
from .settings import Limit, Settings
from .sources import files_below, lines_of
from .verdicts import Verdict
from .window_summary import WindowSummary, merged

__all__ = [
    "PROBE_PREFIX",
    "Baseline",
    "Field",
    "Groups",
    "Labels",
    "Limit",
    "MetricValue",
    "MonitoringError",
    "Observation",
    "Outcome",
    "Result",
    "Schema",
    "Settings",
    "Truth",
    "Verdict",
    "Window",
    "WindowSummary",
    "analyse",
    "baseline_files",
    "files_below",
    "lines_of",
    "merged",
    "metric_values",
    "observe",
    "page",
    "read_baseline",
    "read_labels",
    "read_settings",
    "report",
    "to_text",
    "violations",
]
