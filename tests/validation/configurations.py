"""Configurations around a rich one, each with one key at an edge of what its schema allows.

The walk follows the generated JSON Schemas, so that a key which is added to the contract is varied
without anybody naming it here.
"""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mlops.contract import ModelSpec, Problem, load_platform
from mlops.contract.json_schema import json_schemas
from mlops.pipeline import load_compiled, tunable_defaults
from mlops.pipeline.compiled import compiled_path, rendered

ROOT = Path(__file__).resolve().parents[2]
MODEL = "bike-demand"
FOLDER = "model_code/bike_demand"
FILES = {
    "model": f"{FOLDER}/model.yaml",
    "stages": "config/stages.yaml",
    "releases": "config/releases.yaml",
}
Data = Any
KeyPath = tuple[str | int, ...]
REMOVED = object()

# Text that a template, a shell or a terminal might take for something else.
_TEXTS = ("é 語 😀", "{{resolve:ssm:/x}}", "${AWS::Region}", "a'b\"c\\")
_SPREAD = 12
_FAMILIES = 7


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One key of one file with another value; `REMOVED` takes it away."""

    file: str
    path: KeyPath
    value: Any

    def __str__(self) -> str:
        text = "removed" if self.value is REMOVED else json.dumps(self.value, ensure_ascii=True)
        return f"{self.file}.{'.'.join(map(str, self.path))}={text:.60}"

    def applied_to(self, files: dict[str, Data]) -> dict[str, Data]:
        """The three files with this difference."""
        changed = copy.deepcopy(files)
        *parents, last = self.path
        place = changed[self.file]
        for part in parents:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        if self.value is not REMOVED:
            place[last] = self.value
        elif isinstance(place, list) or last in place:
            del place[last]
        return changed


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two keys of one block that are another choice together, as an address without its account."""

    removed: Variant
    other: Variant

    def __str__(self) -> str:
        return f"{self.removed} and {self.other}"

    def applied_to(self, files: dict[str, Data]) -> dict[str, Data]:
        """The three files with both differences."""
        return self.other.applied_to(self.removed.applied_to(files))


def rich_files() -> dict[str, Data]:
    """A platform of one stage that has every optional block of the contract."""
    yaml = YAML(typ="safe", pure=True)
    model = yaml.load((ROOT / FILES["model"]).read_text())
    model["endpoint"] |= {
        "instance_type": "ml.m5.large",
        "scaling": {"invocations_per_instance_per_minute": 300},
        "canary": {
            "timeout_minutes": 60,
            "alarms": {
                "latency_p99_ms": 300,
                "metrics": [{"name": "stale", "namespace": "Bikes/Serving", "metric": "Stale",
                             "statistic": "Maximum", "threshold": 0.5}],
            },
        },
        "capture": {"sampling_percent": 50, "personal_fields": []},
    }  # fmt: skip
    model["registry"]["metadata"] = {"team": "rides"}
    model["retraining"] = {"on_drift": True, "on_new_data": True, "cooldown_days": 3}
    model["data"] |= {"uri": "s3://rides-data/hours.csv.gz", "version_id": "abc"}
    return {"model": model, "stages": _stages(), "releases": _releases()}


def _releases() -> Data:
    parts = ("archive", "answers", "baseline", "image")
    content = {part: digit * 64 for part, digit in zip(parts, "abcd", strict=True)}
    return {"releases": {MODEL: {"dev": 1}}, "contents": {MODEL: {"1": content}}}


def _stages() -> Data:
    network = {
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ["subnet-0123456789abcdef0"],
        "security_group_ids": ["sg-0123456789abcdef0"],
    }
    stage = {
        "account": "222222222222",
        "region": "eu-west-1",
        "trains": True,
        "production": True,
        "network": network,
        "capacity": {
            "standard": {"instance_type": "ml.m5.large", "min_instances": 2, "max_instances": 4}
        },
        "approval": "manual",
        "promotion": "on-approval",
        "recorded_contents": "required",
        "checks": ["smoke", "integration", "load", "metrics"],
        "canary": {"bake_minutes": 15, "final_bake_minutes": 12},
        "log_retention_days": 30,
        "audit": {"data_events": True},
        "removal_policy": "retain",
        "tags": {"stage": "dev"},
        "permissions_boundary": "developer-boundary",
    }
    return {
        "project": "mlops",
        "organization": "o-exampleorgid",
        "delivery": _delivery(),
        "stages": {"dev": stage},
    }


def _delivery() -> Data:
    source = {
        "repository": "acme/sagemaker-mlops",
        "branch": "main",
        "connection": "arn:aws:codeconnections:eu-west-1:111111111111:connection/"
        "00000000-0000-0000-0000-000000000000",
        "credentials": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:push-abc123",
    }
    slack = {"workspace": "T07EA123LEP", "channel": "C07EZ1ABC23"}
    return {
        "account": "111111111111",
        "region": "eu-west-1",
        "source": source,
        "notifications": {"emails": ["ml@example.com"], "slack": slack},
        "images": {"base": "mirror.example.com/python:3.11-slim", "revision": 2},
    }


def variants(files: dict[str, Data]) -> list[Variant]:
    """Every key of every file at its edges, in the schema's order."""
    schemas = json_schemas()
    found = []
    for file in FILES:
        schema = schemas[f"{file}.schema.json"]
        for path, value in _values(schema, schema.get("$defs", {}), files[file], ()):
            found.append(Variant(file=file, path=path, value=value))
    return found


def pairs(removed: Sequence[Variant], others: Sequence[Variant]) -> list[Pair]:
    """Keys that cannot go alone, each with another value of every other key of its block."""
    return [
        Pair(removed=first, other=second)
        for first in removed
        for second in others
        if (first.file, first.path[:-1]) == (second.file, second.path[:-1])
        and first.path != second.path
    ]


def _values(
    schema: Data, definitions: Data, data: Data, path: KeyPath
) -> Iterator[tuple[KeyPath, Any]]:
    """A block's keys, a list's entries or a scalar at their edges."""
    for form in _forms(schema, definitions):
        if "properties" in form:
            for key, inner in form["properties"].items():
                present = isinstance(data, dict) and key in data
                if present:
                    yield (*path, key), REMOVED
                yield from _values(inner, definitions, data[key] if present else None, (*path, key))
        elif form.get("type") == "object":
            yield from _mapping(form, definitions, data, path)
        elif form.get("type") == "array":
            yield from _list(form, definitions, data, path)
        else:
            yield from ((path, value) for value in _edges(form, data))


def _forms(schema: Data, definitions: Data) -> list[Data]:
    if "$ref" in schema:
        return _forms(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return [form for inner in schema["anyOf"] for form in _forms(inner, definitions)]
    return [schema]


def _mapping(
    form: Data, definitions: Data, data: Data, path: KeyPath
) -> Iterator[tuple[KeyPath, Any]]:
    yield path, {}
    for key in list(data or {})[:1]:
        yield from _values(form["additionalProperties"], definitions, data[key], (*path, key))
        longest = form.get("propertyNames", {}).get("maxLength")
        if longest and key not in (MODEL,):
            yield path, {_padded(key, longest): data[key]}
        most = form.get("maxProperties")
        if most and isinstance(data[key], str | int | float):
            yield path, {f"{key}{number}": data[key] for number in range(most)}


def _list(
    form: Data, definitions: Data, data: Data, path: KeyPath
) -> Iterator[tuple[KeyPath, Any]]:
    yield path, []
    for entry in (data or [])[:1]:
        yield from _values(form["items"], definitions, entry, (*path, 0))
        yield path, [entry] * 2
    if "enum" in form["items"]:
        yield from ((path, [value]) for value in form["items"]["enum"])


def _edges(form: Data, data: Data) -> Iterator[Any]:
    if "enum" in form or "const" in form:
        yield from _some(form.get("enum") or [form["const"]])
    elif form["type"] == "boolean":
        yield from (True, False)
    elif form["type"] in ("integer", "number"):
        yield from _numbers(form)
    elif form["type"] == "string":
        yield from _strings(form, data)
    else:
        yield None


def _some(values: list[Any]) -> list[Any]:
    """All of a short list; of the long ones some, and each family of machines once."""
    families = {value.split(".")[1]: value for value in values if str(value).startswith("ml.")}
    if families:
        return sorted(families.values())[::_FAMILIES]
    return values if len(values) <= _SPREAD else values[:: len(values) // _SPREAD]


def _numbers(form: Data) -> Iterator[float]:
    step = 1 if form["type"] == "integer" else 0.001
    low = form.get("minimum", form.get("exclusiveMinimum", -1e6 if step < 1 else 0))
    high = form.get("maximum", form.get("exclusiveMaximum", 1_000_000))
    yield from (low - step, low, high, high + step)


def _strings(form: Data, data: Data) -> Iterator[str]:
    if "pattern" in form:
        yield from ("", "x y")
        if isinstance(data, str):
            yield _padded(data, form.get("maxLength", 64))
            yield from data.rsplit("/", 1)[1:]
    else:
        yield "x" * form.get("maxLength", 200)
    yield from _TEXTS


def _padded(text: str, length: int) -> str:
    return text + text[-1] * (length - len(text))


def written(files: dict[str, Data], root: Path) -> None:
    """Write the three files, and mark the compiled definition as that of this contract.

    What a definition says of gates and machines, no stack reads: compiling again for every variant
    would take a minute each.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 10_000
    for name, path in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with (root / path).open("w", encoding="utf-8") as file:
            yaml.dump(files[name], file)


def stamped(root: Path, spec: ModelSpec, definition: dict[str, Any]) -> None:
    """Let the committed definition be as fresh as the contract."""
    compiled_path(root, spec).write_text(rendered(root, spec, definition), "utf-8")


def stale(spec: ModelSpec, definition: dict[str, Any]) -> tuple[Problem, ...]:
    """That another set of hyper-parameters needs another definition."""
    declared = {parameter["Name"] for parameter in definition["Parameters"]}
    committed = tunable_defaults(load_platform(ROOT, model=MODEL).model(MODEL)).keys()
    if tunable_defaults(spec).keys() == committed and committed <= declared:
        return ()
    return (
        Problem(
            file=f"{FOLDER}/pipeline.json",
            line=1,
            key="inputs",
            problem="is older than what it is compiled from",
            got="other parameters",
            allowed="the contract's",
            remedy="compile it",
        ),
    )


def original_definition() -> dict[str, Any]:
    """The committed definition of the example model."""
    platform = load_platform(ROOT, model=MODEL)
    return load_compiled(ROOT, platform.model(MODEL))
