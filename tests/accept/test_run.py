"""Whatever a probe makes is removed: after a refusal, an interruption, or a killed run."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ledger import BrokenLedgerError, Ledger
from mlops.accept.probe import Probe, Status, Verdict, held
from mlops.accept.run import Outcome, Run
from mlops.aws_api.stand_in import RefusedError

NAME = {"ModelPackageGroupName": "kit-group"}
ARN = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/kit-group/1"
UNDO = Call(
    name="group", place="stage", service="sagemaker", operation="DeleteModelPackageGroup",
    request=NAME,
)  # fmt: skip
GROUP = Call(
    name="group", place="stage", service="sagemaker", operation="CreateModelPackageGroup",
    request=NAME, undo=UNDO,
)  # fmt: skip
VERSION = Call(
    name="version", place="stage", service="sagemaker", operation="CreateModelPackage",
    request=NAME,
    undo=Call(
        name="version", place="stage", service="sagemaker", operation="DeleteModelPackage",
        request={}, taken={"ModelPackageName": ("version", "ModelPackageArn")},
    ),
)  # fmt: skip


def probe(*calls: Call, judge: Any = None) -> Probe:
    return Probe(assumption="x", calls=calls, judge=judge or (lambda _: held("yes")))


@pytest.fixture
def registry(account: Any) -> Any:
    """Groups and versions that exist, as the account knows them."""
    alive: set[str] = set()

    def make_group(asked: Mapping[str, Any]) -> dict[str, Any]:
        alive.add(asked["ModelPackageGroupName"])
        return {"ModelPackageGroupArn": ARN.replace("model-package", "model-package-group")[:-2]}

    def make_version(_: Mapping[str, Any]) -> dict[str, Any]:
        alive.add(ARN)
        return {"ModelPackageArn": ARN}

    def remove(asked: Mapping[str, Any]) -> dict[str, Any]:
        name = next(iter(asked.values()))
        if name not in alive:
            raise RefusedError("ValidationException", f"{name} does not exist.")
        if name == "kit-group" and ARN in alive:
            raise RefusedError("ConflictException", "the group has versions")
        alive.remove(name)
        return {}

    account.operations |= {
        "CreateModelPackageGroup": make_group,
        "CreateModelPackage": make_version,
        "DeleteModelPackageGroup": remove,
        "DeleteModelPackage": remove,
    }
    account.alive = alive
    return account


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(path=tmp_path / "kit" / "ledger.json")


def ran(account: Any, ledger: Ledger, *probes: Probe, **settings: Any) -> list[Outcome]:
    return list(Run(clients=account.clients, ledger=ledger, **settings).ask(probes))


def test_what_was_made_is_removed_newest_first(registry: Any, ledger: Ledger) -> None:
    (outcome,) = ran(registry, ledger, probe(GROUP, VERSION))

    assert [name for name, _ in registry.calls] == [
        "CreateModelPackageGroup",
        "CreateModelPackage",
        "DeleteModelPackage",
        "DeleteModelPackageGroup",
    ]
    assert (registry.alive, ledger.open(), outcome.left) == (set(), [], ())


def test_what_a_refused_request_may_have_made_is_removed_too(registry: Any, ledger: Ledger) -> None:
    make = registry.operations["CreateModelPackageGroup"]

    def broken_off(asked: Mapping[str, Any]) -> dict[str, Any]:
        make(asked)
        raise RefusedError("ServiceUnavailable", "try again")

    registry.operations["CreateModelPackageGroup"] = broken_off

    ran(registry, ledger, probe(GROUP))

    assert (registry.alive, ledger.open()) == (set(), [])


def test_an_interrupted_probe_cleans_up_and_ends_the_run(registry: Any, ledger: Ledger) -> None:
    def interrupt(_: Mapping[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    registry.operations["CreateModelPackage"] = interrupt

    with pytest.raises(KeyboardInterrupt):
        ran(registry, ledger, probe(GROUP, VERSION), probe(GROUP))

    assert (registry.alive, ledger.open()) == (set(), [])
    assert len(registry.asked("CreateModelPackageGroup")) == 1


def test_what_a_killed_run_left_is_removed_by_the_next(registry: Any, ledger: Ledger) -> None:
    registry.alive.add("kit-group")
    ledger.note(UNDO)
    assert json.loads(ledger.path.read_text())[0]["operation"] == "DeleteModelPackageGroup"

    left = list(Run(clients=registry.clients, ledger=Ledger(path=ledger.path)).cleaned())

    assert (left, registry.alive, ledger.open()) == ([], set(), [])


@pytest.mark.parametrize(
    "content", [b"", b"[{", b"\xff\x00\xfe", b"[" * 100_000, b"{}", b"[7]", b'[{"name": 1}]']
)
def test_a_broken_list_of_removals_is_told_with_its_path_and_kept(
    registry: Any, ledger: Ledger, content: bytes
) -> None:
    ledger.note(UNDO)
    ledger.path.write_bytes(content)

    with pytest.raises(BrokenLedgerError, match="remedy: look in the account") as told:
        list(Run(clients=registry.clients, ledger=ledger).cleaned())

    assert str(told.value).startswith(f"{ledger.path}: ")
    assert ledger.path.read_bytes() == content


def test_a_probe_answers_for_what_it_made_alone(registry: Any, ledger: Ledger) -> None:
    ledger.note(replace(UNDO, request={"ModelPackageGroupName": "of-an-earlier-run"}))

    (outcome,) = ran(registry, ledger, probe(GROUP))

    assert (outcome.left, len(ledger.open())) == ((), 1)


def test_the_removal_is_on_disk_before_the_request_is_sent(registry: Any, ledger: Ledger) -> None:
    make, seen = registry.operations["CreateModelPackageGroup"], []

    def look(asked: Mapping[str, Any]) -> dict[str, Any]:
        seen.extend(ledger.open())
        return dict(make(asked))

    registry.operations["CreateModelPackageGroup"] = look

    ran(registry, ledger, probe(GROUP))

    assert [undo.operation for undo in seen] == ["DeleteModelPackageGroup"]


def test_what_cannot_be_removed_is_told_and_stays_noted(registry: Any, ledger: Ledger) -> None:
    registry.refuse("DeleteModelPackageGroup", "AccessDeniedException", "not you")

    (outcome,) = ran(registry, ledger, probe(GROUP))

    (left,) = outcome.left
    assert left.startswith("DeleteModelPackageGroup {'ModelPackageGroupName': 'kit-group'}")
    assert left.endswith("AccessDeniedException: not you")
    assert [undo.operation for undo in ledger.open()] == ["DeleteModelPackageGroup"]


def test_a_call_that_needs_a_refused_answer_is_not_sent(registry: Any, ledger: Ledger) -> None:
    registry.refuse("CreateModelPackage", "ValidationException")
    described = Call(
        name="described", place="stage", service="sagemaker", operation="DescribeModelPackage",
        request={}, taken={"ModelPackageName": ("version", "ModelPackageArn")},
    )  # fmt: skip
    seen: dict[str, Any] = {}

    def judge(answers: Answers) -> Verdict:
        seen.update(answers)
        return held("")

    ran(registry, ledger, probe(GROUP, VERSION, described, judge=judge))

    assert registry.asked("DescribeModelPackage") == []
    assert isinstance(seen["described"], Refusal)
    assert seen["described"].is_unasked


@pytest.mark.parametrize("answer", [{}, {"VersionId": "v1"}], ids=str)
def test_an_object_is_removed_with_and_without_versions(
    answer: dict[str, str], account: Any, ledger: Ledger
) -> None:
    where = {"Bucket": "bucket", "Key": "kit/object"}
    removal = Call(
        name="object", place="stage", service="s3", operation="DeleteObject", request=where,
        taken={"VersionId": ("object", "VersionId")},
    )  # fmt: skip
    making = Call(
        name="object", place="stage", service="s3", operation="PutObject",
        request={**where, "Body": b""}, undo=removal,
    )  # fmt: skip
    account.offer("PutObject", answer)
    account.offer("DeleteObject", {})

    ran(account, ledger, probe(making))

    assert account.asked("DeleteObject") == [{**where, **answer}]
    assert ledger.open() == []


def test_no_access_is_no_answer(account: Any, ledger: Ledger) -> None:
    (outcome,) = ran(account, ledger, probe(GROUP))

    assert outcome.verdict.status is Status.OPEN
    assert outcome.verdict.detail.startswith("no access: AccessDeniedException")


def test_an_answer_is_awaited_until_patience_ends(account: Any, ledger: Ledger) -> None:
    now = [0.0]
    account.offer("ListPipelines", {"PipelineSummaries": []})
    waiting = Call(
        name="list", place="stage", service="sagemaker", operation="ListPipelines", request={},
        until=lambda _: False,
    )  # fmt: skip

    def sleep(seconds: float) -> None:
        now[0] += seconds

    ran(account, ledger, probe(waiting), sleep=sleep, clock=lambda: now[0])

    assert now[0] == 900
    assert len(account.asked("ListPipelines")) == 61
