import pytest

from mlops_constructs.validation.template import is_true, items, number, resources, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        (5, "5"),
        (True, "true"),
        ({"Ref": "Key"}, "${Key}"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "${Key.Arn}"),
        ({"Fn::GetAtt": "Key.Arn"}, "${Key.Arn}"),
        ({"Fn::Join": ["/", ["a", {"Ref": "B"}, 1]]}, "a/${B}/1"),
        ({"Fn::Sub": "a-${AWS::Region}"}, "a-${AWS::Region}"),
        ({"Fn::Sub": ["a-${X}", {"X": "b"}]}, "a-${X}"),
        ({"Fn::ImportValue": "x"}, "${Fn::ImportValue}"),
    ],
)
def test_a_value_becomes_text_with_its_references_named(value: object, expected: str) -> None:
    assert text(value) == expected


def test_one_thing_and_a_list_of_it_read_the_same() -> None:
    assert items("a") == items(["a"]) == ["a"]
    assert items(None) == []


def test_numbers_may_be_written_as_text() -> None:
    assert number("5") == number(5) == 5
    assert number({"Ref": "Count"}) is None
    assert number(None) is None


def test_truth_may_be_written_as_text() -> None:
    assert is_true("true")
    assert not is_true({"Ref": "Switch"})


def test_a_resource_without_properties_has_none() -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Other": {"Type": "X"}}}

    assert list(resources(template, "AWS::SNS::Topic")) == [("Topic", {})]
