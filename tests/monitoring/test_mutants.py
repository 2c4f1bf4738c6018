"""Breaks the room's formulae on a copy, one edit at a time, and names the test that must object.

`pytest -m full --sweeps=whole -v tests/monitoring/test_mutants.py` prints the kill table, in the
environment that `make test-monitoring` makes.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


_PROBER_TEST = "test_capture.py::test_the_probe_prefix_is_the_probers_own"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """An edit of one module, and the test that kills it."""

    name: str
    module: str
    old: str
    new: str
    killer: str


MUTANTS = (
    Mutant(
        name="the index is one-sided",
        module="distances.py",
        old="((q - p) * np.log(q / p)).sum()",
        new="(q * np.log(q / p)).sum()",
        killer="test_distances.py",
    ),
    Mutant(
        name="chance is taken off with one degree too many",
        module="distances.py",
        old="(pair.cells - 1) * pair.precision",
        new="pair.cells * pair.precision",
        killer="test_distances.py",
    ),
    Mutant(
        name="the precision forgets the baseline",
        module="distances.py",
        old="1 / float(self.window.sum()) + 1 / float(self.baseline.sum())",
        new="1 / float(self.window.sum())",
        killer="test_significance.py",
    ),
    Mutant(
        name="the Jensen-Shannon divergence is no distance",
        module="distances.py",
        old="np.sqrt(max(0.0, divergence))",
        new="max(0.0, divergence)",
        killer="test_distances.py",
    ),
    Mutant(
        name="entropies in nats",
        module="distances.py",
        old="np.log2(p[some] / q[some])",
        new="np.log(p[some] / q[some])",
        killer="test_distances.py",
    ),
    Mutant(
        name="what bins hide is halved",
        module="distances.py",
        old="return float(np.maximum(p, q).max())",
        new="return float(np.maximum(p, q).max()) / 4",
        killer="test_distances.py",
    ),
    Mutant(
        name="rare cells are not pooled",
        module="distances.py",
        old="expected[order[0]] >= least",
        new="expected[order[0]] >= 0",
        killer="test_distances.py",
    ),
    Mutant(
        name="chi-squared with one degree too many",
        module="significance.py",
        old="few = pair.cells - 1",
        new="few = pair.cells",
        killer="test_significance.py",
    ),
    Mutant(
        name="two tests for the price of one",
        module="significance.py",
        old="return min(1.0, 2 * min(first, second))",
        new="return min(1.0, min(first, second))",
        killer="test_significance.py",
    ),
    Mutant(
        name="the tail without the value itself",
        module="significance.py",
        old="stats.hypergeom.sf(has - 1,",
        new="stats.hypergeom.sf(has,",
        killer="test_significance.py",
    ),
    Mutant(
        name="no correction for many tests",
        module="significance.py",
        old="* len(p_values) / ranks",
        new="* 1.0",
        killer="test_significance.py",
    ),
    Mutant(
        name="q-values that fall where p-values rise",
        module="significance.py",
        old="np.minimum.accumulate(scaled[::-1])[::-1]",
        new="scaled",
        killer="test_significance.py",
    ),
    Mutant(
        name="variance merged without the distance of the means",
        module="moments.py",
        old="+ square * self.count * other.count / count",
        new="+ 0.0",
        killer="test_moments.py",
    ),
    Mutant(
        name="sample variance instead of population variance",
        module="moments.py",
        old="return self.squares / self.count if self.count else 0.0",
        new="return self.squares / max(1, self.count - 1)",
        killer="test_moments.py",
    ),
    Mutant(
        name="the design effect forgets how sizes and shares go together",
        module="clusters.py",
        old="- 2 * shares * self.crosses[seen]",
        new="- 1 * shares * self.crosses[seen]",
        killer="test_clusters.py",
    ),
    Mutant(
        name="rows that came alone say less",
        module="clusters.py",
        old="return max(1.0, self._mean_effect(seen))",
        new="return max(1.5, self._mean_effect(seen))",
        killer="test_clusters.py",
    ),
    Mutant(
        name="the few requests of a sample are taken for all",
        module="clusters.py",
        old="few = self.requests / (self.requests - 1)",
        new="few = 1.0",
        killer="test_clusters.py",
    ),
    Mutant(
        name="bins closed on the other side",
        module="bins.py",
        old='side="left"',
        new='side="right"',
        killer="test_bins.py",
    ),
    Mutant(
        name="the smallest value counts as unseen",
        module="bins.py",
        old="below = np.nextafter(values.min(), -np.inf)",
        new="below = values.min()",
        killer="test_bins.py",
    ),
    Mutant(
        name="significance alone alarms",
        module="drift.py",
        old="if is_significant and large:",
        new="if is_significant:",
        killer="test_drift.py",
    ),
    Mutant(
        name="size alone alarms",
        module="drift.py",
        old="if is_significant and large:",
        new="if large:",
        killer="test_drift.py",
    ),
    Mutant(
        name="small windows are quiet",
        module="drift.py",
        old="if rows < least:",
        new="if rows < 0:",
        killer="test_drift.py",
    ),
    Mutant(
        name="rows of one request count in full",
        module="drift.py",
        old="return rows / groups.design_effect",
        new="return rows",
        killer="test_drift.py",
    ),
    Mutant(
        name="the index keeps what chance added",
        module="comparison.py",
        old="max(0.0, raw - chance_psi(pair))",
        new="raw",
        killer="test_comparison.py",
    ),
    Mutant(
        name="a rise near the tolerance alarms by chance",
        module="drift.py",
        old="if rise.least < tolerance:",
        new="if rise.now - rise.before < tolerance:",
        killer="test_drift.py",
    ),
    Mutant(
        name="strata weighted by the baseline's mix",
        module="strata.py",
        old="weights = mix[shared] / mix[shared].sum()",
        new="weights = rows / rows.sum()",
        killer="test_strata.py",
    ),
    Mutant(
        name="a weighted baseline counts in full",
        module="strata.py",
        old="effective = 1 / float((weights**2 / rows).sum())",
        new="effective = float(rows.sum())",
        killer="test_strata.py",
    ),
    Mutant(
        name="a season is looked for in nothing",
        module="drift.py",
        old="return fields[within].counts",
        new="return None",
        killer="test_drift.py",
    ),
    Mutant(
        name="labels count as captured lines that are lost",
        module="reading.py",
        old="(ANSWER_LOST, ABOUT_LABELS)",
        new="ANSWER_LOST",
        killer="test_jobs.py",
    ),
    Mutant(
        name="values seen once are no hint of more",
        module="baseline.py",
        old="return int((counts[:-1] == 1).sum() + counts[-1])",
        new="return 0",
        killer="test_baseline.py",
    ),
    Mutant(
        name="probes count as traffic",
        module="capture.py",
        old="caller.startswith(PROBE_PREFIX)",
        new="caller == PROBE_PREFIX",
        killer="test_capture.py",
    ),
    Mutant(
        name="a window that includes its end",
        module="capture.py",
        old="self.start <= moment < self.end",
        new="self.start <= moment <= self.end",
        killer="test_capture.py",
    ),
    Mutant(
        name="the event id joins labels before the caller's id",
        module="capture.py",
        old="key=caller if isinstance(caller, str) and caller else event",
        new="key=event",
        killer="test_capture.py",
    ),
    Mutant(
        name="the first label wins",
        module="labels.py",
        old="        by_key[key] = numbers\n",
        new="        by_key.setdefault(key, numbers)\n",
        killer="test_labels.py",
    ),
    Mutant(
        name="answers that cannot be read decide nothing",
        module="reading.py",
        old="if _is_beyond_doubt(summary.lost_answers, requests, settings.unreadable_tolerance):",
        new="if False:",
        killer="test_reading.py",
    ),
    Mutant(
        name="labels that join nothing decide nothing",
        module="reading.py",
        old="wilson(coverage.matched, delivered).high < least",
        new="False",
        killer="test_reading.py",
    ),
    Mutant(
        name="labels of requests that nobody captured are a fault",
        module="reading.py",
        old="least = captured_share * (1 - settings.unjoined_tolerance)",
        new="least = 1 - settings.unjoined_tolerance",
        killer="test_reading.py",
    ),
    Mutant(
        name="a refusal is a lost answer",
        module="capture.py",
        old='lost_answer=reason not in ("", REFUSED)',
        new='lost_answer=reason != ""',
        killer="test_reading.py",
    ),
    Mutant(
        name="a few alike requests start a training",
        module="drift.py",
        old="if rows < least else",
        new="if False else",
        killer="test_reading.py",
    ),
    Mutant(
        name="a mark in front of a body is part of it",
        module="payload.py",
        old="return bodies.text_of(body)",
        new="return body if isinstance(body, str) else body.decode()",
        killer="test_one_reader.py",
    ),
    Mutant(
        name="JSON Lines end at every separator that Python knows",
        module="payload.py",
        old="bodies.lines_of(text)",
        new="text.splitlines() if line.strip()",
        killer="test_one_reader.py",
    ),
    Mutant(
        name="a field's name is taken for a wrapper",
        module="payload.py",
        old="content = bodies.unwrapped(content, *_WRAPPERS)",
        new='content = dict(content).get("predictions", content) if content else content',
        killer="test_one_reader.py",
    ),
    Mutant(
        name="the textbook's interval of a share",
        module="intervals.py",
        old="centre = (share + square / (2 * trials)) / (1 + square / trials)",
        new="centre = share",
        killer="test_intervals.py",
    ),
    Mutant(
        name="a difference of intervals taken end to end",
        module="intervals.py",
        old="below = math.hypot(left.value - left.low, right.high - right.value)",
        new="below = left.value - left.low + right.high - right.value",
        killer="test_intervals.py",
    ),
    Mutant(
        name="ties count in full",
        module="classification.py",
        old="ranks = stats.rankdata(score)",
        new='ranks = stats.rankdata(score, method="max")',
        killer="test_classification.py",
    ),
    Mutant(
        name="the variance of an area forgets the negatives",
        module="classification.py",
        old="parts[~positive] = (below - area) / len(low)",
        new="parts[~positive] = 0.0",
        killer="test_classification.py",
    ),
    Mutant(
        name="R2 from labels as they are, digits lost",
        module="regression.py",
        old="truth = scored.truth - scored.truth.mean()",
        new="truth = scored.truth",
        killer="test_regression.py",
    ),
    Mutant(
        name="groups compared with everyone including themselves",
        module="bias.py",
        old="known & (column != value)",
        new="known",
        killer="test_bias.py",
    ),
    Mutant(
        name="a gap that was released is forgotten",
        module="bias.py",
        old="_size(before or NO_GAP)",
        new="NO_GAP",
        killer="test_bias.py",
    ),
    Mutant(
        name="a gap alarms although it may be no wider than tolerated",
        module="bias.py",
        old="if widened.low > tolerance:",
        new="if widened.value > tolerance:",
        killer="test_bias.py",
    ),
    Mutant(
        name="a metric alarms as soon as it is beyond its limit",
        module="analysis.py",
        old="return Verdict.ALARM if best < sign * limit.threshold else Verdict.INCONCLUSIVE",
        new="return Verdict.ALARM",
        killer="test_analysis.py",
    ),
)


@pytest.fixture(scope="module")
def copy_of_the_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutants")
    ignored = shutil.ignore_patterns("__pycache__", "test_mutants.py")
    for name in ("mlops/jobs", "mlops/monitoring", "tests/monitoring"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("mlops/__init__.py", "mlops/sheet.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.full
def test_the_copy_itself_is_healthy(copy_of_the_code: Path) -> None:
    killers = sorted({mutant.killer for mutant in MUTANTS} - {"test_capture.py"})

    assert _passes(copy_of_the_code, *killers)


@pytest.mark.full
@pytest.mark.sweep
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_named_test_kills_the_mutant(copy_of_the_code: Path, mutant: Mutant) -> None:
    module = copy_of_the_code / "mlops" / "monitoring" / mutant.module
    healthy = module.read_text()
    assert healthy.count(mutant.old) == 1, "the mutant no longer fits the code"
    module.write_text(healthy.replace(mutant.old, mutant.new))
    try:
        assert not _passes(copy_of_the_code, mutant.killer), f"{mutant.killer} did not notice"
    finally:
        module.write_text(healthy)


def _passes(folder: Path, *tests: str) -> bool:
    names = [f"tests/monitoring/{test}" for test in tests]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    # The prober's source is not in the copy, so the test that reads it is left out.
    command += ["--deselect", f"tests/monitoring/{_PROBER_TEST}"]
    done = subprocess.run(
        [*command, *names],
        cwd=folder,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 0
