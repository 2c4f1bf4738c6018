"""Plain properties become CDK's arguments without a loss."""

from mlops_constructs.properties import arguments, filled, nested, stated

PROPERTIES = {
    "ExecutionRoleArn": "${RoleArn}",
    "Containers": [{"ModelPackageName": "p", "Environment": {"MODEL_VERSION": "3", "low": "x"}}],
    "Count": 2,
}


def test_markers_are_filled_wherever_they_are_and_others_stay() -> None:
    found = filled(
        {"Name": "a-${Release}", "Deep": [{"Arn": "${KeyArn}"}], "Count": 2}, {"${Release}": "ff"}
    )

    assert found == {"Name": "a-ff", "Deep": [{"Arn": "${KeyArn}"}], "Count": 2}


def test_arguments_are_named_as_cdk_names_them() -> None:
    assert arguments(PROPERTIES) == {
        "execution_role_arn": "${RoleArn}",
        "containers": [
            {"modelPackageName": "p", "environment": {"MODEL_VERSION": "3", "low": "x"}}
        ],
        "count": 2,
    }


def test_the_words_of_an_environment_are_the_users() -> None:
    assert arguments({"Environment": {"A_B": "c"}}) == {"environment": {"A_B": "c"}}
    assert nested({"S3Uri": "s"}) == {"s3Uri": "s"}


def test_a_property_without_a_value_is_left_out() -> None:
    assert stated({"A": None, "B": 0, "C": False}) == {"B": 0, "C": False}
