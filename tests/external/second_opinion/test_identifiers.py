"""Nothing of a project claims a name that another project, stack or stage in the account may have.

CloudFormation's resource schemas say by what a type is identified, and which properties name it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops.contract import load_platform
from mlops.pipeline import load_source
from stacks.stage import add_stages
from tests.stacks.test_one_account import in_one_account

pytestmark = pytest.mark.full

_OURS = r"(alias/|endpoint/|/)?mlops\b"
# A scalable target is identified by three properties; these two are the same for every endpoint.
_CONSTANT = ("sagemaker", "sagemaker:variant:DesiredInstanceCount")
Template = Mapping[str, Any]
Schemas = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def schemas(tools: Callable[[str], Path]) -> Schemas:
    """Every schema that the installed cfn-lint carries, by its type."""
    (folder,) = tools("lint").parent.glob(
        "lib/python3*/site-packages/cfnlint/data/schemas/resources"
    )
    read = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return {schema["typeName"]: schema for schema in read if isinstance(schema, dict)}


@pytest.fixture(scope="module")
def one_account(
    root: Path,
    cdk_context: dict[str, Any],
    read_templates: Callable[[Path], dict[str, Template]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Template]:
    """Every stage and the delivery in one account."""
    import aws_cdk as cdk

    build, out = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("out")
    platform = in_one_account(load_platform(root))
    app = cdk.App(context=cdk_context, outdir=str(out), builtin_cloud_formation_validation=False)
    sources = [load_source(platform, model, build) for model in platform.models]
    add_stages(app, platform=platform, sources=sources)
    app.synth()
    return read_templates(out)


def naming_properties(schema: Mapping[str, Any]) -> Iterator[str]:
    """Properties by which the account knows a resource of this type.

    Its identifiers, and what it is called where AWS computes an identifier from that. Values of a
    closed list, like a scalable dimension, name nothing.
    """
    identifiers = [schema["primaryIdentifier"], *schema.get("additionalIdentifiers", [])]
    named = [p for p in schema.get("createOnlyProperties", []) if p.endswith("Name")]
    for pointer in dict.fromkeys([p for one in identifiers for p in one] + named):
        name = pointer.rpartition("/")[2]
        definition = schema["properties"].get(name, {})
        if "$ref" in definition:
            definition = schema["definitions"][definition["$ref"].rpartition("/")[2]]
        if pointer not in schema.get("readOnlyProperties", []) and "enum" not in definition:
            yield name


def literal_names(templates: Mapping[str, Template], schemas: Schemas) -> Iterator[tuple[str, ...]]:
    """Stack, logical id, type, property and value of every name that a template writes out."""
    for path, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            schema = schemas.get(resource["Type"])
            for name in naming_properties(schema) if schema else ():
                value = resource.get("Properties", {}).get(name)
                if isinstance(value, str) and value not in _CONSTANT:
                    yield path, logical_id, resource["Type"], name, value


def test_every_name_begins_with_the_project(
    templates: dict[str, Template], schemas: Schemas
) -> None:
    found = list(literal_names(templates, schemas))

    assert len(found) > 100
    assert [one for one in found if not re.match(_OURS, one[-1])] == []


def test_no_two_resources_of_an_account_have_one_name(
    one_account: dict[str, Template], schemas: Schemas
) -> None:
    # Each part alone: EventBridge knows a bus's statement by its own id in the whole account.
    counted = Counter(
        (type_, name, value) for _, _, type_, name, value in literal_names(one_account, schemas)
    )

    assert len(counted) > 100
    assert [name for name, count in counted.items() if count > 1] == []
