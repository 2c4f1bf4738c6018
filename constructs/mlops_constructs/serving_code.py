"""The files that a serving stack publishes: its functions, and the contract that clients read."""

from dataclasses import dataclass
from pathlib import Path

from mlops.pipeline import ModelSource
from mlops.pipeline.archive import contract_json
from mlops_constructs.handler_archive import HandlerArchives, write_handlers, write_once


@dataclass(frozen=True, kw_only=True)
class ServingCode:
    """Files in the build folder, named by their content."""

    archives: HandlerArchives
    contract: Path


def serving_code(source: ModelSource) -> ServingCode:
    """Write what a model's serving stacks publish beside the model's own archive."""
    build_dir = source.code_archive.parent
    contract = contract_json(source.spec, source.folder)
    return ServingCode(
        archives=write_handlers(contract=contract, build_dir=build_dir),
        contract=write_once(contract.encode(), build_dir, "contract-{}.json"),
    )
