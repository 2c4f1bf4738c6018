"""JSON Schemas of the three files, for editors that complete and check while one types.

A schema is looser than the specs, never stricter: rules that join several keys stay in Python.
"""

from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from mlops.contract.model_spec import ModelSpec
from mlops.contract.release_spec import ReleasesSpec
from mlops.contract.stage_spec import StagesFile

SPECS: Final[dict[str, tuple[type[BaseModel], str]]] = {
    "model.schema.json": (ModelSpec, "model_code/<model>/model.yaml"),
    "releases.schema.json": (ReleasesSpec, "config/releases.yaml"),
    "stages.schema.json": (StagesFile, "config/stages.yaml"),
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each file, by the schema's own file name."""
    return {name: _schema(spec, title) for name, (spec, title) in SPECS.items()}


def _schema(spec: type[BaseModel], title: str) -> dict[str, Any]:
    schema = spec.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


class _Generator(GenerateJsonSchema):
    """Pydantic's schema without titles that repeat keys, and with the patterns of keys binding."""

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        patterns = found.pop("patternProperties", None)
        if patterns:
            ((pattern, values),) = patterns.items()
            found["additionalProperties"] = values
            found["propertyNames"] = {**found.get("propertyNames", {}), "pattern": pattern}
        return found

    def field_title_should_be_set(self, schema: Any) -> Literal[False]:  # noqa: ARG002  # the signature of pydantic's hook
        return False

    def generate(
        self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation"
    ) -> JsonSchemaValue:
        found: JsonSchemaValue = super().generate(schema, mode)
        for definition in found.get("$defs", {}).values():
            definition.pop("title", None)
        return found
