"""Valid requests made from the service's model are accepted; each single violation is refused.

botocore's own validator is the second opinion on members, types and minima.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.aws_api.patterns import matches
from mlops.aws_api.requests import objections
from mlops.registry.operations import Operations
from mlops.registry.store import Store
from mlops.rehearsal.drift.services import DriftServices

LOADER = Loader()
SERVICES = ("sagemaker", "cloudwatch", "events", "ssm", "s3", "sns", "cloudformation")
FURTHER = {
    "sagemaker": ("CreatePipeline", "UpdateEndpoint", "AddTags"),
    "cloudwatch": ("PutMetricAlarm",),
    "codepipeline": ("StartPipelineExecution", "ListPipelineExecutions"),
}
TEXT = st.text("abcxyz019-", min_size=1, max_size=12)
WORDS = ("#", "ü", "a b", "\n", "a/b", "x" * 9)


def asked_of_stand_ins() -> Iterator[tuple[str, str]]:
    """Every operation that a stand-in answers, with its service."""
    stage = DriftServices(account="1" * 12, region="eu-west-1", state={})
    registry = Operations(store=Store(Path("nowhere")), account="1" * 12, region="eu-west-1")
    names = {*stage.operations, *registry.methods}
    for service in SERVICES:
        for name in LOADER.load_service_model(service, "service-2")["operations"]:
            if name in names:
                yield service, name
    for service, more in FURTHER.items():
        yield from ((service, name) for name in more)


OPERATIONS = sorted(set(asked_of_stand_ins()))


def input_of(service: str, operation: str) -> Shape:
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    return shape


def a_text(shape: Shape) -> st.SearchStrategy[str]:
    limits = shape.metadata
    if limits.get("enum"):
        return st.sampled_from(limits["enum"])
    least, most = limits.get("min", 0), limits.get("max", 2**31)
    pattern = limits.get("pattern")
    texts = TEXT.map(lambda text: (text * least)[: max(least, 12)] if least > 12 else text)
    if pattern and r"\p" not in pattern and r"\u" not in pattern:
        texts = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True).map(str.strip)
    kept = texts.filter(lambda text: least <= len(text) <= most)
    return kept.filter(lambda text: matches(pattern, text)) if pattern else kept


def a_value(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    limits = shape.metadata
    if isinstance(shape, StructureShape):
        return a_structure(shape, depth)
    if isinstance(shape, ListShape):
        least = limits.get("min", 0)
        most = min(least + (depth < 3), limits.get("max", least + 1))
        return st.lists(a_value(shape.member, depth + 1), min_size=least, max_size=most)
    if isinstance(shape, MapShape):
        least = limits.get("min", 0)
        return st.dictionaries(
            a_value(shape.key, depth),
            a_value(shape.value, depth),
            min_size=least,
            max_size=least + 1,
        )
    least, most = limits.get("min", 0), min(limits.get("max", 99), 10**6)
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "string": lambda: a_text(shape),
        "boolean": st.booleans,
        "timestamp": lambda: st.just(datetime(2026, 1, 1, tzinfo=UTC)),
        "blob": lambda: st.binary(min_size=least, max_size=least + 3),
        "float": lambda: st.floats(least, most),
        "double": lambda: st.floats(least, most),
        "integer": lambda: st.integers(int(least), int(most)),
        "long": lambda: st.integers(int(least), int(most)),
    }
    return kinds[shape.type_name]()


def a_structure(shape: StructureShape, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    if shape.is_tagged_union:
        return st.sampled_from(sorted(shape.members)).flatmap(
            lambda name: st.fixed_dictionaries({name: a_value(shape.members[name], depth + 1)})
        )
    needed = {name: a_value(shape.members[name], depth + 1) for name in shape.required_members}
    rest = [name for name in shape.members if name not in needed]
    if depth > 2 or not rest:
        return st.fixed_dictionaries(needed)
    # A few optional members at a time: whole requests of SageMaker have hundreds.
    return st.sets(st.sampled_from(rest), max_size=4).flatmap(
        lambda chosen: st.fixed_dictionaries(
            needed | {name: a_value(shape.members[name], depth + 1) for name in sorted(chosen)}
        )
    )


def places(shape: Shape, value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Shape]]:
    """Every value within a request, with the keys that lead to it."""
    yield at, shape
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            yield from places(shape.members[name], inner, (*at, name))
    elif isinstance(shape, ListShape):
        for index, inner in enumerate(value):
            yield from places(shape.member, inner, (*at, index))
    elif isinstance(shape, MapShape):
        for key, inner in value.items():
            yield from places(shape.value, inner, (*at, key))


def violations(shape: Shape) -> Iterator[Any]:
    """Values that break one constraint each."""
    limits, kind = shape.metadata, shape.type_name
    least, most = limits.get("min"), limits.get("max")
    yield object()
    if kind == "string":
        if limits.get("enum"):
            yield "no-such-choice"
        if least:
            yield "x" * (least - 1)
        if most is not None and most < 10_000:
            yield "x" * (most + 1)
        if limits.get("pattern"):
            yield from (word for word in WORDS if not matches(limits["pattern"], word))
    elif kind in ("integer", "long", "float", "double"):
        yield from ([] if least is None else [int(least) - 1])
        yield from ([] if most is None else [int(most) + 1])
        yield True
    elif kind == "blob" and most is not None and most < 10_000:
        yield b"x" * (most + 1)
    elif kind == "list" and least:
        yield []


def placed(request: dict[str, Any], at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = deepcopy(request)
    inner: Any = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return changed


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_model_allows_is_accepted_and_each_violation_refused(
    service: str, operation: str, data: st.DataObject
) -> None:
    shape = input_of(service, operation)
    request = data.draw(a_value(shape))

    assert list(objections(shape, request)) == []
    assert not ParamValidator().validate(request, shape).has_errors()
    inner = [place for place in places(shape, request) if place[0]]
    for at, of in inner if len(inner) < 9 else data.draw(st.permutations(inner))[:8]:
        for wrong in violations(of):
            found = list(objections(shape, placed(request, at, wrong)))
            assert found, (at, wrong)


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_missing_and_an_unknown_member_are_refused_as_botocore_does(
    service: str, operation: str, data: st.DataObject
) -> None:
    shape = input_of(service, operation)
    assert isinstance(shape, StructureShape)
    request = data.draw(a_value(shape))
    for at, of in [((), shape), *places(shape, request)]:
        if not isinstance(of, StructureShape) or of.is_tagged_union:
            continue
        for name in of.required_members:
            changed = deepcopy(request)
            inner: Any = changed
            for key in at:
                inner = inner[key]
            del inner[name]
            token = of.members[name].metadata.get("idempotencyToken")
            assert bool(list(objections(shape, changed))) is not bool(token)
            assert ParamValidator().validate(changed, shape).has_errors()
        changed = placed(request, (*at, "NoSuchMember"), "x")
        assert any("no such member" in one for one in objections(shape, changed))


def test_an_objection_says_value_place_and_constraint_as_the_service_does() -> None:
    shape = input_of("sagemaker", "CreateModelPackage")
    request = {"CustomerMetadataProperties": {"data_uri": "s3://bucket/a#b"}}

    (said,) = objections(shape, request)

    place = "Value 's3://bucket/a#b' at 'customerMetadataProperties.data_uri'"
    assert said.startswith(f"{place} failed to satisfy constraint: Member must satisfy regular ")
    assert said.endswith(r"pattern: ([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}")
