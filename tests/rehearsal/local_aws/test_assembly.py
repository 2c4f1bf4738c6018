import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.rehearsal.local_aws import assembly
from mlops.rehearsal.local_aws.assembly import Assembly, FileAsset
from mlops.rehearsal.local_aws.intrinsics import Intrinsics, Place, TemplateError

DEFINITIONS = Path(__file__).resolve().parents[2] / "pipeline" / "definitions"
PLACE = Place(account="222222222222", region="eu-west-1", stack="mlops-dev-Training")
RESOURCES = {
    "Role": {"Type": "AWS::IAM::Role"},
    "Named": {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": {"Fn::Join": ["-", ["a", "b"]]}},
    },
    "Key": {"Type": "AWS::KMS::Key"},
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "bucket"}},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Other": {"Type": "AWS::Some::Thing"},
}
TEMPLATE = {
    "Resources": RESOURCES,
    "Parameters": {"P": {"Type": "String", "Default": "p"}, "Bare": {"Type": "String"}},
    "Mappings": {"M": {"a": {"b": "found"}}},
}


@pytest.fixture
def values() -> Intrinsics:
    return Intrinsics(template=TEMPLATE, place=PLACE, imported=lambda name: f"import of {name}")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "AWS::AccountId"}, "222222222222"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "P"}, "p"),
        ({"Ref": "Bucket"}, "bucket"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:222222222222:mlops-dev-training-topic"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::222222222222:role/mlops-dev-training-role"),
        ({"Fn::GetAtt": ["Named", "Arn"]}, "arn:aws:iam::222222222222:role/a-b"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::bucket"),
        ({"Fn::GetAtt": ["Other", "Size"]}, "mlops-dev-training-other.Size"),
        ({"Fn::Join": ["/", ["a", {"Ref": "P"}, 3]]}, "a/p/3"),
        ({"Fn::Sub": "${AWS::Region}-${Bucket}-${Bucket.Arn}-${!kept}"},
         "eu-west-1-bucket-arn:aws:s3:::bucket-${kept}"),
        ({"Fn::Sub": ["${x}-${P}", {"x": {"Ref": "P"}}]}, "p-p"),
        ({"Fn::Select": [1, {"Fn::Split": ["|", "a|b"]}]}, "b"),
        ({"Fn::FindInMap": ["M", "a", "b"]}, "found"),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::Region}:x"}}, "import of eu-west-1:x"),
        ({"plain": [{"Ref": "P"}], "more": 1}, {"plain": ["p"], "more": 1}),
    ],
)  # fmt: skip
def test_intrinsic_functions_are_evaluated(values: Intrinsics, node: Any, expected: Any) -> None:
    assert values.value(node) == expected


def test_a_key_has_an_arn_of_the_right_form_that_never_changes(values: Intrinsics) -> None:
    arn = values.value({"Fn::GetAtt": ["Key", "Arn"]})

    assert arn == values.arn("Key")
    assert values.value({"Ref": "Key"}) in arn
    assert len(arn.rpartition("/")[2]) == 36


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"Fn::GetStackOutput": "x"}, "Fn::GetStackOutput cannot be evaluated here; allowed: "),
        ({"Ref": "Nothing"}, "there is no resource Nothing"),
        ({"Ref": "Bare"}, "parameter Bare has no default"),
        ({"Fn::FindInMap": ["M", "a", "c"]}, "mapping M has no 'c'"),
        ({"Fn::Join": ["", [{"a": 1, "b": 2}]]}, "expected text"),
    ],
)
def test_what_cannot_be_evaluated_is_named_with_its_stack(
    values: Intrinsics, node: Any, message: str
) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        values.value(node)

    assert str(caught.value).startswith("mlops-dev-Training: ")


@pytest.fixture
def folder(tmp_path: Path, assembly_of: Callable[[Path, dict[str, Any]], None]) -> Path:
    said = {"code": "<<Code>>", "key": "<<Key>>", "role": "<<Role>>", "f": "<<Function>>"}
    end = {"Name": "End", "Type": "Fail", "Arguments": {"ErrorMessage": "ended"}}
    assembly_of(tmp_path / "cdk.out", {"Metadata": said, "Steps": [end]})
    return tmp_path / "cdk.out"


def edit(folder: Path, change: Callable[[dict[str, Any]], None], stack: str = "Training") -> None:
    path = folder / "assembly-dev" / f"dev{stack}.template.json"
    template = json.loads(path.read_text())
    change(template)
    path.write_text(json.dumps(template))


def test_a_definition_is_evaluated_across_stacks(folder: Path) -> None:
    assembly = Assembly(folder)

    pipeline = assembly.pipeline("mlops-tiny-training")

    definition = pipeline.definition["Metadata"]
    assert pipeline.place == PLACE
    assert definition["key"].startswith("arn:aws:kms:eu-west-1:222222222222:key/")
    assert definition["role"] == "arn:aws:iam::222222222222:role/mlops-dev-training-role"
    assert assembly.assets[definition["code"]].source.read_bytes() == b"code"
    function = assembly.function(definition["f"])
    assert (function.handler, function.timeout_seconds) == ("find_approved.handler", 30)
    assert (function.code.source / "find_approved.py").is_file()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("steps-no-list", "Steps: {'A': 1} is not of type 'array'"),
        ("cycle", "these steps wait for each other: A, B"),
        ("after-a-condition", "Later: waits for the condition Ask"),
        ("thirty-deep", "Level1: is a condition within the condition Level0"),
        ("negated-under-expression", "'Condition' is a required property"),
    ],
)
def test_what_sagemaker_would_refuse_is_not_rehearsed(
    tmp_path: Path, assembly_of: Callable[[Path, dict[str, Any]], None], file: str, told: str
) -> None:
    assembly_of(tmp_path / "cdk.out", json.loads((DEFINITIONS / f"{file}.json").read_text()))

    with pytest.raises(TemplateError) as caught:
        Assembly(tmp_path / "cdk.out").pipeline("mlops-tiny-training")

    assert told in str(caught.value)
    assert "remedy: fix it where it is written" in str(caught.value)


def test_an_unknown_pipeline_is_refused_with_those_that_exist(folder: Path) -> None:
    with pytest.raises(TemplateError, match="no pipeline other; found: mlops-tiny-training"):
        Assembly(folder).pipeline("other")


def test_an_import_that_nothing_exports_is_refused(folder: Path) -> None:
    edit(folder, lambda template: template.pop("Outputs"), stack="Foundation")

    with pytest.raises(TemplateError, match="imports mlops-dev:KeyArn, which no stack of"):
        Assembly(folder).pipeline("mlops-tiny-training")


def test_an_export_that_imports_itself_is_refused(folder: Path) -> None:
    def circular(template: dict[str, Any]) -> None:
        template["Outputs"]["KeyArn"]["Value"] = {"Fn::ImportValue": "mlops-dev:KeyArn"}

    edit(folder, circular, stack="Foundation")

    with pytest.raises(TemplateError, match="imports itself"):
        Assembly(folder).pipeline("mlops-tiny-training")


def test_a_definition_that_is_no_json_is_refused(folder: Path) -> None:
    def broken(template: dict[str, Any]) -> None:
        pipeline = template["Resources"]["Pipeline"]["Properties"]
        pipeline["PipelineDefinition"]["PipelineDefinitionBody"] = "{"

    edit(folder, broken)

    with pytest.raises(TemplateError, match="PipelineDefinitionBody is not JSON"):
        Assembly(folder).pipeline("mlops-tiny-training")


def test_a_folder_without_an_assembly_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="remedy: run `make synth` first"):
        Assembly(tmp_path)


def packed_function(folder: Path) -> FileAsset:
    archive = folder / "code.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("package/handler.py", "def handler(): ...\n")
    return FileAsset(source=archive, uri="s3://assets/code.zip", zipped=False)


def test_the_code_of_a_function_that_is_an_archive_is_unpacked(tmp_path: Path) -> None:
    code = packed_function(tmp_path).unpacked(tmp_path / "code")

    assert code == tmp_path / "code"
    assert (code / "package" / "handler.py").read_text() == "def handler(): ...\n"


def test_the_code_of_a_function_that_is_a_folder_is_run_where_it_is(tmp_path: Path) -> None:
    asset = FileAsset(source=tmp_path, uri="s3://assets/code.zip", zipped=True)

    assert asset.unpacked(tmp_path / "code") == tmp_path
    assert not (tmp_path / "code").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", None])
def test_code_that_cannot_be_unpacked_is_told_with_its_path(
    tmp_path: Path, content: bytes | None
) -> None:
    asset = packed_function(tmp_path)
    asset.source.unlink()
    if content is not None:
        asset.source.write_bytes(content)

    with pytest.raises(TemplateError, match="cannot be unpacked: ") as told:
        asset.unpacked(tmp_path / "code")

    assert str(told.value).startswith(f"{asset.source}: ")
    assert str(told.value).endswith("; remedy: `make synth`")


def test_one_module_of_the_rehearsals_knows_how_code_is_packed() -> None:
    rehearsals = Path(assembly.__file__).parents[1]

    knowing = {path.name for path in rehearsals.rglob("*.py") if "ZipFile" in path.read_text()}

    assert knowing == {"assembly.py"}
