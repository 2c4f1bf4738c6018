"""What a version says of its origin is SageMaker's word or the platform's, never the starter's."""

import importlib
import io
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from mlops_handlers.training import find_origin
from mlops_handlers.training.find_origin import MixedExecutionError

EXECUTION = "arn:aws:sagemaker:eu-west-1:200000000000:pipeline/acme-churn-training/execution/0a1b"
EVENT = {
    "Execution": EXECUTION,
    "DataRecord": "s3://artifacts/models/churn/0a1b/Preprocess/read/data.json",
}
SHA = "d" * 64
ALICE = {
    "IamIdentity": {
        "Arn": "arn:aws:sts::200000000000:assumed-role/DataScience/alice@example.com",
        "PrincipalId": "AROAEXAMPLE:alice@example.com",
    }
}
STARTER = {
    "IamIdentity": {
        "Arn": "arn:aws:sts::200000000000:assumed-role/acme-starter/start-retraining",
        "PrincipalId": "AROASTARTER:start-retraining",
    }
}
NAME = "automatic-drift-20261128T021500Z"
WHY = "alarm acme-prod-churn-drift at 2026-11-28T02:15:00.000+0000"

Asked = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def starter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARTER_ROLE", "acme-starter")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stubber]:
    made = {name: boto3.client(name, region_name="eu-west-1") for name in ("sagemaker", "s3")}  # type: ignore[call-overload]
    monkeypatch.setattr(find_origin, "_client", made.__getitem__)
    stubs = {name: Stubber(client) for name, client in made.items()}
    for stub in stubs.values():
        stub.activate()
    return stubs


@pytest.fixture
def asked(clients: dict[str, Stubber]) -> Asked:
    """The answer for an execution of which SageMaker says this."""

    def answer(**execution: Any) -> dict[str, str]:
        described = {"PipelineExecutionArn": EXECUTION, **execution}
        clients["sagemaker"].add_response(
            "describe_pipeline_execution", described, {"PipelineExecutionArn": EXECUTION}
        )
        content = json.dumps({"version": SHA}).encode()
        clients["s3"].add_response(
            "get_object",
            {"Body": StreamingBody(io.BytesIO(content), len(content))},
            {"Bucket": "artifacts", "Key": "models/churn/0a1b/Preprocess/read/data.json"},
        )
        return find_origin.handler(EVENT, None)

    return answer


def test_a_person_is_named_as_sagemaker_recorded_the_caller(asked: Asked) -> None:
    assert asked(CreatedBy=ALICE) == {
        "DataVersion": SHA,
        "StartedBy": ALICE["IamIdentity"]["Arn"],
        "StartedById": ALICE["IamIdentity"]["PrincipalId"],
        "Trigger": "person",
        "TriggerEvidence": "none",
    }


def test_a_user_of_studio_is_named_by_the_profile_and_known_by_the_identity(asked: Asked) -> None:
    profile = "arn:aws:sagemaker:eu-west-1:200000000000:user-profile/d-1/alice"

    answer = asked(CreatedBy={"UserProfileArn": profile, **ALICE})

    assert (answer["StartedBy"], answer["StartedById"]) == (
        profile,
        "AROAEXAMPLE:alice@example.com",
    )


@pytest.mark.parametrize("trigger", ["drift", "data", "schedule"])
def test_the_function_that_starts_trainings_is_believed_why_it_did(
    asked: Asked, trigger: str
) -> None:
    answer = asked(
        CreatedBy=STARTER,
        LastModifiedBy=STARTER,
        PipelineExecutionDisplayName=NAME.replace("drift", trigger),
        PipelineExecutionDescription=WHY,
    )

    assert (answer["Trigger"], answer["TriggerEvidence"]) == (trigger, WHY)


def test_a_person_who_takes_the_functions_words_is_a_person(asked: Asked) -> None:
    answer = asked(
        CreatedBy=ALICE, PipelineExecutionDisplayName=NAME, PipelineExecutionDescription=WHY
    )

    assert (answer["Trigger"], answer["TriggerEvidence"]) == ("person", "none")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::200000000000:assumed-role/DataScience/acme-starter",
        "arn:aws:sts::200000000000:assumed-role/acme-starter-2/start-retraining",
        "arn:aws:iam::200000000000:user/acme-starter",
        "arn:aws:sts::200000000000:federated-user/acme-starter",
    ],
)
def test_a_name_like_the_functions_is_not_the_function(asked: Asked, arn: str) -> None:
    answer = asked(CreatedBy={"IamIdentity": {"Arn": arn}}, PipelineExecutionDisplayName=NAME)

    assert answer["Trigger"] == "person"


def test_without_a_function_that_starts_trainings_none_is_automatic(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STARTER_ROLE")

    assert asked(CreatedBy=STARTER, PipelineExecutionDisplayName=NAME)["Trigger"] == "person"


def test_words_that_somebody_changed_afterwards_are_not_the_functions(asked: Asked) -> None:
    answer = asked(
        CreatedBy=STARTER,
        LastModifiedBy=ALICE,
        PipelineExecutionDisplayName=NAME,
        PipelineExecutionDescription="no alarm at all",
    )

    assert (answer["Trigger"], answer["TriggerEvidence"]) == ("unrecorded", "none")


@pytest.mark.parametrize("created_by", [{}, {"IamIdentity": {}}, {"DomainId": "d-1"}])
def test_whoever_sagemaker_does_not_name_is_unrecorded(
    asked: Asked, created_by: dict[str, Any]
) -> None:
    answer = asked(CreatedBy=created_by, PipelineExecutionDisplayName=NAME)

    assert answer == {
        "DataVersion": SHA,
        "StartedBy": "unrecorded",
        "StartedById": "unrecorded",
        "Trigger": "unrecorded",
        "TriggerEvidence": "none",
    }


def test_a_selection_of_steps_registers_nothing(asked: Asked) -> None:
    selection = {
        "SourcePipelineExecutionArn": EXECUTION.replace("0a1b", "9f9f"),
        "SelectedSteps": [{"StepName": "Gate"}],
    }

    with pytest.raises(MixedExecutionError, match=r"execution/9f9f; .* remedy: start a whole"):
        asked(CreatedBy=ALICE, SelectiveExecutionConfig=selection)


def test_an_answer_has_only_what_the_registry_takes(asked: Asked) -> None:
    arn = "arn:aws:sts::200000000000:assumed-role/DataScience/alice,bob'" + "x" * 300

    answer = asked(CreatedBy={"IamIdentity": {"Arn": arn}})

    assert answer["StartedBy"].startswith(
        "arn:aws:sts::200000000000:assumed-role/DataScience/alice_bob_xxx"
    )
    assert len(answer["StartedBy"]) == 256


def test_importing_the_handler_makes_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a client at import")

    monkeypatch.setattr(boto3, "client", refuse)

    importlib.reload(find_origin)
