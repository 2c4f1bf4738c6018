import contextlib
import sys
from pathlib import Path

import pytest

from mlops.contract import load_platform
from mlops.rehearsal.local_aws import serving_check
from mlops.rehearsal.local_aws.container import pack
from mlops.rehearsal.local_aws.processes import Processes
from mlops.rehearsal.local_aws.replay import Replay
from mlops.rehearsal.local_aws.serving_check import ServingCheck, ServingError, recorded_cases
from mlops.rehearsal.local_aws.storage import LocalS3
from mlops.rollout.content import content_of_archive

ANSWERS = '{"cases": [{"name": "three", "request": {"x": 3}, "response": [{"y": 6.0}]}]}'
ANSWERING = (Path(__file__).parents[1] / "tiny" / "server.py").read_text()


def replayed(
    checkout: object,
    tmp_path: Path,
    server: str,
    answers: str = ANSWERS,
    content: str | None = None,
) -> Replay:
    source, storage = tmp_path / "model", LocalS3(tmp_path / "s3")
    (source / "code").mkdir(parents=True)
    (source / "model.json").write_text('{"slope": 2}')
    (source / "code" / "serve.py").write_text(server)
    pack(source, tmp_path / "model.tar.gz")
    storage.put(tmp_path / "model.tar.gz", "s3://bucket/model.tar.gz")
    (tmp_path / "answers.json").write_text(answers)
    storage.put(tmp_path / "answers.json", "s3://bucket/answers.json")
    check = ServingCheck(
        folder=tmp_path / "serving",
        python=Path(sys.executable),
        storage=storage,
        processes=Processes(),
        content=content or content_of_archive((tmp_path / "model.tar.gz").open("rb")).digest,
    )
    model = load_platform(checkout.root, model="tiny").model("tiny")  # type: ignore[attr-defined]  # the fixture's class
    return check.replay(
        archive_uri="s3://bucket/model.tar.gz",
        answers_uri="s3://bucket/answers.json",
        model=model,
        examples=[],
    )


def running_below(folder: Path) -> list[str]:
    """Command lines of the processes that name a folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_text().replace("\0", " "))
    return [line for line in lines if str(folder) in line]


def test_an_archive_that_is_not_the_registered_one_is_never_started(
    checkout: object, tmp_path: Path
) -> None:
    replay = replayed(checkout, tmp_path, "raise SystemExit('started')", content="0" * 64)

    assert "refused to start" in str(replay.failure)
    assert "the archive is not the one that was approved" in str(replay.failure)


def test_a_version_repeats_its_recorded_answers(checkout: object, tmp_path: Path) -> None:
    replay = replayed(checkout, tmp_path, ANSWERING)

    assert replay.succeeded
    assert running_below(tmp_path) == []
    assert [answer.answer for answer in replay.recorded] == [[{"y": 6}]]


def test_a_server_that_dies_at_its_start_says_its_last_words(
    checkout: object, tmp_path: Path
) -> None:
    replay = replayed(checkout, tmp_path, "raise SystemExit('no model here')")

    assert replay.failure == "the server ended at its start: no model here"


def test_a_server_that_never_listens_is_ended(
    checkout: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_check, "START_TIMEOUT_SECONDS", 0.3)
    over = tmp_path / "over"
    silent = f"import pathlib, time; time.sleep(60); pathlib.Path({str(over)!r}).touch()"

    replay = replayed(checkout, tmp_path, silent)

    assert replay.failure == "the server was not healthy after 0.3 s"
    assert not over.exists(), "it was waited for instead of ended"
    assert running_below(tmp_path) == []


def test_an_error_answer_is_a_difference(checkout: object, tmp_path: Path) -> None:
    failing = ANSWERING.replace(
        "def do_POST(self):\n", "def do_POST(self):\n        self.send_error(500); return\n"
    )

    replay = replayed(checkout, tmp_path, failing)

    assert replay.problems[0].startswith("three: HTTP 500")


@pytest.mark.parametrize("text", ["", "[]", '{"cases": [{}]}', '{"cases": 3}'])
def test_answers_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(ServingError, match=r"answers.json: is not as the evaluation writes it"):
        recorded_cases(text)


@pytest.mark.parametrize(
    ("request_", "content_type", "body"),
    [
        ('{"x": 3}', "application/json", '{"x": 3}'),
        ('"x\\n3\\n"', "text/csv", "x\n3\n"),
    ],
)
def test_requests_travel_as_they_were_written(request_: str, content_type: str, body: str) -> None:
    case = f'{{"name": "n", "request": {request_}, "response": 1}}'
    found = recorded_cases(f'{{"cases": [{case}]}}')[0]

    assert found.content_type == content_type
    assert found.body.decode() == body
