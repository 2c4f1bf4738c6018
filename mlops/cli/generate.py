"""`mlops generate`: the committed files that follow from the specs and from botocore's model."""

import json
from pathlib import Path

import click
from botocore.loaders import Loader
from botocore.session import get_session

from mlops.cli.output import output_schemas
from mlops.contract.instance_types import TABLE as INSTANCE_TYPES
from mlops.contract.json_schema import json_schemas
from mlops.contract.reference import reference
from mlops.contract.regions import TABLE as REGIONS

_SHAPES = {
    "processing": "ProcessingInstanceType",
    "training": "TrainingInstanceType",
    "hosting": "ProductionVariantInstanceType",
    "transform": "TransformInstanceType",
}


@click.command()
@click.pass_obj
def generate(root: Path) -> None:
    """Write the editor schemas, the contract's reference and the tables of SageMaker's API."""
    for path, text in generated_files(root).items():
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        click.echo(f"wrote {path.relative_to(root)}")


def generated_files(root: Path) -> dict[Path, str]:
    """What every generated file should hold, by its path."""
    contract = root / "mlops" / "contract"
    written = {**json_schemas(), **output_schemas()}
    schemas = {root / "docs" / "schema" / name: _json(s) for name, s in written.items()}
    return {
        **schemas,
        root / "docs" / "reference" / "model-contract.md": reference(),
        contract / INSTANCE_TYPES.name: _table(_instance_types()),
        contract / REGIONS.name: _table(get_session().get_available_regions("sagemaker")),
    }


def _instance_types() -> dict[str, list[str]]:
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    return {purpose: sorted(shapes[shape]["enum"]) for purpose, shape in _SHAPES.items()}


def _json(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _table(content: object) -> str:
    return json.dumps(content, indent=1) + "\n"
