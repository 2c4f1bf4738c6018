"""The release automation reads how a stage's releases went, and nothing else of the stage."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from mlops.contract import Names
from mlops_constructs.foundation.release_records import ReleaseRecords
from mlops_constructs.site import Site


@pytest.fixture(scope="module")
def records(render: Callable[..., Any], site_of: Callable[..., Site]) -> Any:
    return render(lambda stack: ReleaseRecords(stack, "Records", site=site_of("prod")))


def test_it_is_the_role_that_the_automation_asks_for(records: Any) -> None:
    role = records.only("AWS::IAM::Role")

    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert role["RoleName"] == "acme-prod-release-records"
    assert trust["Condition"]["ArnEquals"] == {
        "aws:PrincipalArn": "arn:aws:iam::100000000000:role/acme-release-automation"
    }


def test_it_reads_the_records_of_its_own_stage_alone(records: Any, names: Names) -> None:
    (statements,) = records.roles().values()
    prod, dev = names.stages.stage("prod"), names.stages.stage("dev")
    arn = "arn:aws:ssm:eu-west-1:400000000000:parameter"

    (statement,) = statements.values()
    assert statement["Action"] == "ssm:GetParameterHistory"
    readable = statement["Resource"]
    assert fnmatchcase(arn + names.release_record(prod, "churn"), readable)
    assert not fnmatchcase(arn + names.release_record(dev, "churn"), readable)
    assert not fnmatchcase(f"{arn}/acme/prod/churn/endpoint", readable)
