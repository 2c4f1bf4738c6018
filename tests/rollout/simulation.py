"""Deployments simulated request by request; a program for an environment with numpy.

It shares no code with what it judges. On its standard input is a list of settings as JSON, with
every key that `mlops canary plan --settings` knows; on its standard output, for each of them, how
many of the runs of each kind were rolled back. A share is simulated in each way in which SageMaker
may round it to instances, and the worst counts.

Requests of callers are a Poisson process whose rate may differ from minute to minute. The prober
sends its requests evenly over 45 seconds of each minute. Each request of the new fleet fails or
not, and takes a time of its own. A deployment begins anywhere in a minute. Alarms look at the data
points of whole minutes of the clock by the rules of the CloudWatch User Guide.
"""

import hashlib
import json
import math
import sys

import numpy as np

PROBING_SECONDS = 45
MOST_REQUESTS_AT_ONCE = 4_000_000
Z99 = 2.3263478740408408
# The prober's metric knows its own requests alone, and is red above one wrong answer in twenty.
PROBES_ALONE = {
    "requests_per_minute": 0, "error_ratio": 0.05, "model_error_ratio": 1.0,
}  # fmt: skip


def main() -> None:
    asked = json.load(sys.stdin)
    json.dump([_judged(setting) for setting in asked], sys.stdout)


def _judged(setting: dict) -> dict:
    digest = hashlib.sha256(json.dumps(setting, sort_keys=True).encode()).digest()
    dice = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    bad = setting["error_percent"] / 100
    worse = min(1.0, bad + setting["added_error_points"] / 100)
    watched, everything = _shares(setting)
    kinds = {
        "errors_caught": (min, watched, worse, 1.0),
        "latency_caught": (min, watched, bad, setting["latency_factor"]),
        "false_rollback": (max, everything, bad, 1.0),
    }
    found = {
        kind: worst(
            _rolled_back(
                setting, dice, rounded, bad=ratio, slower=factor, in_time=kind != "false_rollback"
            )
            for rounded in _each_rounding(shifts, setting["instances"])
        )
        for kind, (worst, shifts, ratio, factor) in kinds.items()
    }
    if setting["probes_per_minute"]:
        found["wrong_answers_caught"] = min(
            _rolled_back(
                {**setting, **PROBES_ALONE}, dice, rounded,
                bad=setting["wrong_answer_points"] / 100, slower=0.0, in_time=True,
            )
            for rounded in _each_rounding(watched, setting["instances"])
        )  # fmt: skip
    return found


def _shares(setting: dict) -> tuple[list, list]:
    """Percent of the traffic and minutes: before all of it has moved, and altogether."""
    bake, final = setting["bake_minutes"], setting["final_bake_minutes"]
    size = setting["size_percent"]
    if setting["strategy"] == "all-at-once":
        return [(100, final)], [(100, final)]
    if setting["strategy"] == "canary":
        return [(size, bake)], [(size, bake), (100, final)]
    steps = [(percent, bake) for percent in range(size, 100, size)]
    last = bake if setting["strategy"] == "rolling" else final
    return steps, [*steps, (100, last)]


def _each_rounding(shifts: list, instances: int) -> list:
    rounded = [_rounded(shifts, instances, how) for how in ("asked", "down", "up")]
    return [one for number, one in enumerate(rounded) if one not in rounded[:number]]


def _rounded(shifts: list, instances: int, how: str) -> list:
    if how == "asked":
        return [(percent / 100, minutes) for percent, minutes in shifts]
    rounding = {
        "down": lambda p: max(1, p * instances // 100),
        "up": lambda p: -(-p * instances // 100),
    }
    return [(rounding[how](percent) / instances, minutes) for percent, minutes in shifts]


def _rolled_back(
    setting: dict, dice: np.random.Generator, shifts: list, *, bad: float, slower: float,
    in_time: bool,
) -> float:  # fmt: skip
    minutes = sum(minutes for _, minutes in shifts)
    per_run = (setting["requests_per_minute"] + setting["probes_per_minute"]) * (minutes + 1)
    at_once = max(1, min(setting["runs"], int(MOST_REQUESTS_AT_ONCE / max(1, per_run))))
    left, red = setting["runs"], 0
    while left:
        runs = min(left, at_once)
        found = _red(setting, dice, shifts, runs, bad=bad, slower=slower, in_time=in_time)
        red += int(found.sum())
        left -= runs
    return red / setting["runs"]


def _red(
    setting: dict, dice: np.random.Generator, shifts: list, runs: int, *, bad: float, slower: float,
    in_time: bool,
) -> np.ndarray:  # fmt: skip
    """Whether an alarm of each run turned red (in time)."""
    period, seconds = setting["period_seconds"], 60 * sum(minutes for _, minutes in shifts)
    phase = dice.uniform(0, period, runs)
    requests = [
        _callers(setting, dice, shifts, phase=phase, bad=bad),
        _probes(setting, dice, shifts, phase=phase, bad=bad),
    ]
    run = np.concatenate([each[0] for each in requests])
    at = np.concatenate([each[1] for each in requests])
    failed = np.concatenate([each[2] for each in requests])
    spread = math.log(setting["tail_ratio"]) / Z99
    median = slower * setting["latency_p99_ms"] / setting["tail_ratio"]
    slow = median * np.exp(spread * dice.standard_normal(len(at))) > setting["latency_alarm_ms"]
    periods = math.ceil(seconds / period) + 1
    cell = run * periods + ((at + phase[run]) // period).astype(np.int64)
    size = runs * periods
    count = np.bincount(cell, minlength=size).reshape(runs, periods)
    errors = np.bincount(cell[failed], minlength=size).reshape(runs, periods)
    late = np.bincount(cell[slow], minlength=size).reshape(runs, periods)
    with np.errstate(invalid="ignore"):
        ratio = errors / count
    breaches = (
        ratio > setting["error_ratio"],
        ratio > setting["model_error_ratio"],
        # The value at the nearest rank of the p99 is a slow one.
        count - late < -(-99 * count // 100),
    )
    ends = (np.arange(periods) + 1) * period - phase[:, None]
    # Publication and evaluation; that a point ends somewhere in a minute is simulated.
    known = ends + (setting["settle_periods"] - 1) * period
    counts = known <= seconds if in_time else np.full(known.shape, True)
    red = [_alarm(setting, count > 0, breach & (count > 0)) & counts for breach in breaches]
    return np.logical_or.reduce(red).any(axis=1)


def _alarm(setting: dict, real: np.ndarray, breach: np.ndarray) -> np.ndarray:
    """Red after each period, by the newest N data points of the range of N + 2 periods."""
    needed, looked_at = setting["datapoints_to_alarm"], setting["evaluation_periods"]
    red = np.zeros(real.shape, bool)
    for now in range(real.shape[1]):
        found = np.zeros(len(real), int)
        bad = np.zeros(len(real), int)
        for then in range(now, max(-1, now - looked_at - 2), -1):
            counted = real[:, then] & (found < looked_at)
            bad += counted & breach[:, then]
            found += counted
        red[:, now] = bad >= needed
    return red


def _share_at(shifts: list, at: np.ndarray) -> np.ndarray:
    share, begins = np.zeros(len(at)), 0
    for part, minutes in shifts:
        share[(at >= begins) & (at < begins + 60 * minutes)] = part
        begins += 60 * minutes
    return share


def _callers(
    setting: dict, dice: np.random.Generator, shifts: list, *, phase: np.ndarray, bad: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run, moment and failure of the new fleet's requests of callers."""
    minutes = sum(minutes for _, minutes in shifts) + setting["period_seconds"] // 60 + 1
    variation, together = setting["rate_variation"], setting["errors_together"]
    rate = np.full((len(phase), minutes), float(setting["requests_per_minute"]))
    if variation:
        rate *= dice.gamma(variation**-2, variation**2, rate.shape)
    # Something happens: one request, or several errors at once.
    events = dice.poisson(rate * (1 - bad + bad / together))
    run, minute = np.divmod(np.repeat(np.arange(rate.size), events.ravel()), minutes)
    at = 60 * (minute + dice.random(len(run))) - phase[run]
    kept = dice.random(len(run)) < _share_at(shifts, at)
    run, at = run[kept], at[kept]
    failed = dice.random(len(run)) < (bad / together) / (1 - bad + bad / together)
    times = np.where(failed, together, 1)
    return np.repeat(run, times), np.repeat(at, times), np.repeat(failed, times)


def _probes(
    setting: dict, dice: np.random.Generator, shifts: list, *, phase: np.ndarray, bad: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of the prober, whose minute begins anywhere in the clock's."""
    number, together = setting["probes_per_minute"], setting["errors_together"]
    minutes = sum(minutes for _, minutes in shifts) + setting["period_seconds"] // 60 + 2
    within = np.arange(number) * PROBING_SECONDS / max(1, number)
    began = dice.uniform(-60, 0, len(phase))
    at = (began[:, None] + (60 * np.arange(minutes)[:, None] + within).ravel()) - phase[:, None]
    run = np.repeat(np.arange(len(phase)), at.shape[1])
    at = at.ravel()
    kept = dice.random(len(at)) < _share_at(shifts, at)
    run, at = run[kept], at[kept]
    failed = np.zeros(len(run), bool)
    # Errors that come at once meet probes that follow each other, within one data point.
    point = run * 10_000 + (at + phase[run]) // setting["period_seconds"]
    _, begins, size = np.unique(point, return_index=True, return_counts=True)
    first, among = np.repeat(begins, size), np.repeat(size, size)
    struck = np.flatnonzero(dice.random(len(run)) < bad / together)
    for later in range(together):
        failed[first[struck] + (struck - first[struck] + later) % among[struck]] = True
    return run, at, failed


if __name__ == "__main__":
    main()
