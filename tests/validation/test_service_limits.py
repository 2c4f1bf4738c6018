"""What the contract lets through into a request of SageMaker is what SageMaker takes there.

Every text of model.yaml is varied over what its own schema allows. Each variant that the contract
accepts is followed through the step graph, with the parameters' defaults, into the requests of the
registration and of the jobs, and those are held against the service's model.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mlops.aws_api.requests import objections
from mlops.contract import ModelSpec, Names, load_platform
from mlops.contract.json_schema import json_schemas
from mlops.contract.regions import regions
from mlops.pipeline.graph import data_uri, graph_of, tunable_defaults
from mlops.pipeline.steps import (
    GateStep,
    JobOutput,
    Joined,
    ParameterValue,
    ProcessingStep,
    RegisterStep,
    TrainedModel,
)
from tests.validation.configurations import ROOT, rich_files


def longest_names() -> Names:
    """Names of a platform whose project, stage and region have the longest names there can be."""
    stages = load_platform(ROOT).names.stages
    longest = {"name": "s" * 12, "region": max(regions(), key=len)}
    long = tuple(stage.model_copy(update=longest) for stage in stages.stages)
    return Names(stages=stages.model_copy(update={"project": "p" * 12, "stages": long}))


SAGEMAKER = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
SCHEMA = json_schemas()["model.schema.json"]
NAMES = longest_names()
MODEL = rich_files()["model"] | {"registry": {"metadata": {"team": "rides"}}}
MODEL["data"] |= {"uri": "s3://bucket/hours.csv.gz"}
PUBLISHED = copy.deepcopy(MODEL)
"""The same, with its data where the platform publishes them."""
for key in ("uri", "version_id"):
    PUBLISHED["data"].pop(key, None)
LONGEST = "x" * 63
Path = tuple[str | int, ...]


def texts(value: Any, schema: Mapping[str, Any], at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every text of the model's file, with the schema that it meets."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] | {"$ref": None}
        schema = {key: inner for key, inner in schema.items() if key != "$ref"}
    for branch in schema.get("anyOf", ()):
        if branch.get("type") != "null":
            yield from texts(value, branch, at)
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if isinstance(known, dict):
                yield from texts(inner, known, (*at, key))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, inner in enumerate(value):
            yield from texts(inner, schema["items"], (*at, index))
    elif isinstance(value, str) and schema.get("type") == "string" and "enum" not in schema:
        yield at, schema


TEXTS = list(texts(MODEL, SCHEMA))


def drawn(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """What a schema allows, up to its longest."""
    pattern, longest = schema.get("pattern"), schema.get("maxLength", 2000)
    found = st.from_regex(pattern, fullmatch=True) if pattern else st.text(min_size=1)

    def padded(text: str) -> str:
        long = text + text[-1:] * (longest - len(text))
        return long if pattern is None or re.fullmatch(pattern, long) else text

    return st.one_of(found, found.map(padded)).filter(lambda text: len(text) <= longest)


def with_text(model: Mapping[str, Any], at: Path, text: str) -> ModelSpec:
    changed = copy.deepcopy(dict(model))
    place: Any = changed
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = text
    return ModelSpec.model_validate(changed)


class Execution:
    """Values of a graph, as an execution of the longest names computes them."""

    def __init__(self, spec: ModelSpec, names: Names) -> None:
        bucket = f"s3://{LONGEST}/models/{spec.name}/0123456789ab"
        self.outputs = bucket
        self.parameters: dict[str, Any] = {
            one.name: one.default for one in graph_of(spec).parameters
        } | tunable_defaults(spec)
        self.parameters |= {"DataUri": data_uri(spec, names), "Commit": "0" * 40 + "-dirty"}
        self.parameters |= {"SourceHash": "0" * 64}

    def value(self, value: Any) -> str:
        if isinstance(value, ParameterValue):
            return str(self.parameters[value.name])
        if isinstance(value, Joined):
            return value.separator.join(self.value(part) for part in value.parts)
        if isinstance(value, JobOutput):
            return f"{self.outputs}/{value.step}/{value.output}"
        if isinstance(value, TrainedModel):
            return f"{self.outputs}/model.tar.gz"
        return value if isinstance(value, str) else "arn:aws:sagemaker:x:1:pipeline/x"


def complaints(spec: ModelSpec) -> list[str]:
    execution = Execution(spec, NAMES)
    found: list[str] = []
    for step in graph_of(spec).steps:
        if isinstance(step, ProcessingStep):
            uris = [execution.value(one.uri) for one in step.inputs if one.name == "data"]
            found += [said for uri in uris for said in objections(shape("S3Uri"), uri)]
        for inner in (step.passed,) if isinstance(step, GateStep) else ():
            if isinstance(inner, RegisterStep):
                metadata = {key: execution.value(one) for key, one in inner.metadata.items()}
                found += objections(shape("CustomerMetadataMap"), metadata, "metadata")
                found += objections(shape("EnvironmentMap"), dict(inner.environment))
    return found


def shape(name: str) -> Any:
    return SAGEMAKER.shape_for(name)


@pytest.mark.parametrize("model", [MODEL, PUBLISHED], ids=["given", "published"])
def test_what_is_varied_is_accepted_and_complains_of_nothing(model: dict[str, Any]) -> None:
    assert complaints(ModelSpec.model_validate(model)) == []


def test_many_texts_are_varied_and_those_that_travel_are_among_them() -> None:
    named = {".".join(map(str, at)) for at, _ in TEXTS}

    assert {
        "data.uri",
        "data.sample",
        "owners.on_call",
        "registry.metadata.team",
        "name",
        "description",
    } <= named


@pytest.mark.parametrize(
    ("at", "schema"), [pytest.param(*one, id=".".join(map(str, one[0]))) for one in TEXTS]
)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_accepted_text_is_refused_by_sagemaker(
    at: Path, schema: Mapping[str, Any], data: st.DataObject
) -> None:
    text = data.draw(drawn(schema))
    models = [MODEL] if at == ("data", "uri") else [MODEL, PUBLISHED]
    for model in models:
        try:
            spec = with_text(model, at, text)
        except ValidationError:
            continue
        assert complaints(spec) == []
