"""The page, the record and the table of a rehearsal."""

import io
import re
import shutil
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mlops.contract import load_platform
from mlops.dashboards import Served
from mlops.rehearsal.canary import report
from mlops.rehearsal.canary.deployment import Event
from mlops.rehearsal.canary.metrics import Change
from mlops.rehearsal.canary.page import page
from mlops.rehearsal.canary.results import (
    CanaryRehearsal,
    DeploymentResult,
    Harm,
    Pace,
    minutes,
)
from mlops.rehearsal.canary.router import Invocation
from mlops.rehearsal.canary.template import guarded_endpoint
from mlops.rollout import State

ALARM = "mlops-prod-tiny-rollback-server-errors-0123456789ab"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def invocations():
    for second in range(0, 600, 2):
        green = second > 120 and second % 10 == 0
        yield Invocation(
            at=float(second),
            fleet="green" if green else "blue",
            status=500 if green and second % 30 == 0 else 200,
            reached=True,
            model_seconds=0.02,
            overhead_seconds=0.001,
        )


@pytest.fixture
def result() -> DeploymentResult:
    return DeploymentResult(
        fault="5xx",
        story="One request in twenty <fails>.",
        expected="rolled back",
        why="it must",
        observed="rolled back",
        reasons=("release 1 is live",),
        blue="1",
        green="2",
        alarms=(ALARM,),
        expected_alarms=("server-errors",),
        detect_seconds=240.0,
        canary_invocations=40,
        harm=Harm(requests=300, harmed=4, lost=0, lost_at_canary=0),
        pace=Pace(scale=100, seconds=6, capacity=900, offered=400, lag_p99_ms=1.5, lag_max_ms=4),
        drained=True,
        restarts=0,
        probes=12,
        notes=("mind the gap",),
        events=(
            Event(at=120, kind="shift", text="25% of the traffic to the new fleet"),
            Event(at=120, kind="bake", text="bake 7 min"),
            Event(at=360, kind="alarm", text=f"{ALARM} is in ALARM"),
            Event(at=360, kind="rollback", text="rolled back: all traffic to the old fleet"),
        ),
        shares=((0.0, 0.0), (120.0, 0.25), (360.0, 0.0)),
        minutes=minutes(invocations()),
        changes=(
            Change(at=60, alarm=ALARM, state=State.OK),
            Change(at=360, alarm=ALARM, state=State.ALARM),
        ),
        ended=600.0,
    )


@pytest.fixture
def rehearsal(site, result, tmp_path) -> CanaryRehearsal:
    platform = load_platform(site.root, model="tiny")
    stage = platform.stages.stage("prod")
    return CanaryRehearsal(
        id="m1",
        model="tiny",
        stage="prod",
        began="now",
        seed=0,
        endpoint=guarded_endpoint(site.read(), "mlops-prod-tiny"),
        served=Served.of(platform.names, stage, platform.model("tiny")),
        expected_per_minute=90,
        minimum_invocations=50,
        deployments=(result,),
        seconds=6,
        report=tmp_path / "reports" / "m1",
    )


def printed(rehearsal: CanaryRehearsal) -> str:
    out = io.StringIO()
    report.print_summary(rehearsal, Console(file=out, width=200))
    return out.getvalue()


def test_the_page_needs_nothing_from_elsewhere(rehearsal) -> None:
    text = page(rehearsal)

    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert not re.search(r"<(script|link|img|iframe)|@import|url\(", text)


def test_the_page_tells_the_story_and_escapes_it(rehearsal) -> None:
    text = page(rehearsal)

    assert "One request in twenty &lt;fails&gt;." in text
    assert "alarm server-errors" in text
    assert "state-ALARM" in text
    assert "release 1 is live" in text
    assert "Invocation5XXErrors on the new fleet" in text


def test_the_folder_holds_page_dashboard_and_record_and_nothing_else(rehearsal) -> None:
    report.write(rehearsal)

    assert sorted(path.name for path in rehearsal.report.iterdir()) == [
        "canary.json",
        "dashboard.html",
        "index.html",
    ]
    assert [path.name for path in rehearsal.report.parent.iterdir()] == ["m1"]


def test_a_page_that_cannot_be_made_leaves_nothing(rehearsal, monkeypatch) -> None:
    def broken(_: CanaryRehearsal) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "record", broken)

    with pytest.raises(KeyboardInterrupt):
        report.write(rehearsal)

    assert not rehearsal.report.exists()


def test_the_table_names_the_alarm_and_the_page(rehearsal) -> None:
    text = printed(rehearsal)

    assert "server-errors" in text
    assert "4.0 min" in text
    assert "1 of 1 as expected" in text
    assert "mind the gap" in text
    assert str(rehearsal.report / "index.html") in text.replace("\n", "")


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"observed": "promoted"}, "promoted instead of rolled back"),
        ({"alarms": ("x-latency-y",)}, "no alarm for server-errors fired"),
        ({"harm": Harm(requests=9, harmed=1, lost=1, lost_at_canary=0)}, "1 requests were lost"),
    ],
)
def test_what_is_not_as_expected_is_said(rehearsal, result, change, objection: str) -> None:
    bad = replace(result, **change)
    failed = replace(rehearsal, deployments=(bad,))

    assert bad.objections == (objection,)
    assert not failed.as_expected
    assert objection in printed(failed)
    assert objection in page(failed)


def test_what_the_candidate_loses_by_its_own_death_is_no_lost_request(result) -> None:
    harm = Harm(requests=9, harmed=5, lost=0, lost_at_canary=5)

    assert replace(result, harm=harm).as_expected


def test_a_minute_is_one_point_per_fleet(result) -> None:
    third = [minute for minute in result.minutes if minute.at == 180]

    assert {minute.fleet for minute in third} == {"blue", "green"}
    assert sum(minute.requests for minute in third) == 30
    assert next(m for m in third if m.fleet == "green").error_ratio == pytest.approx(2 / 6)


def test_a_deployment_that_nobody_called_can_be_drawn(rehearsal, result) -> None:
    silent = replace(result, minutes=(), changes=(), events=(), shares=((0.0, 0.0),), ended=0.0)

    assert "<svg" in page(replace(rehearsal, deployments=(silent,)))


@pytest.mark.extra
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_draws_the_page(rehearsal, tmp_path) -> None:
    report.write(rehearsal)
    picture = tmp_path / "page.png"
    subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1060,1400",
            f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}",
            (rehearsal.report / "index.html").as_uri(),
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip

    colours = colours_of(picture)

    assert (47, 111, 222) in colours  # the old fleet's line
    assert (192, 54, 44) in colours  # a red alarm
    assert len(colours) > 50


def colours_of(png: Path) -> set[tuple[int, ...]]:
    """The colours of a picture: PNG by the book, without a library."""
    data, offset, packed, width, depth = png.read_bytes(), 8, b"", 0, 3
    while offset < len(data):
        length, kind = struct.unpack(">I4s", data[offset : offset + 8])
        body = data[offset + 8 : offset + 8 + length]
        if kind == b"IHDR":
            width, depth = struct.unpack(">I", body[:4])[0], {2: 3, 6: 4}[body[9]]
        packed += body if kind == b"IDAT" else b""
        offset += 12 + length
    return set(_pixels(zlib.decompress(packed), width, depth))


def _pixels(raw: bytes, width: int, depth: int):
    stride = width * depth
    before = bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        line = _unfiltered(
            raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, depth
        )
        yield from (tuple(line[at : at + 3]) for at in range(0, stride, depth))
        before = line


def _unfiltered(kind: int, line: bytearray, before: bytearray, depth: int) -> bytearray:
    for at in range(len(line)):
        left = line[at - depth] if at >= depth else 0
        up, corner = before[at], before[at - depth] if at >= depth else 0
        guess = left + up - corner
        paeth = min((left, up, corner), key=lambda value: abs(guess - value))
        added = (0, left, up, (left + up) // 2, paeth)[kind]
        line[at] = (line[at] + added) & 255
    return line
