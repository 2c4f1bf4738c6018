"""Synthesizes every stage, or what `-c stage=dev -c model=bike-demand` asks for."""

import sys
from pathlib import Path

import aws_cdk as cdk

from mlops.contract import ContractError, load_platform
from mlops.pipeline import BindingError, load_sources, recorded_inputs
from mlops_constructs.validation.plugin import add_validation
from stacks.stage import add_stages


def main(root: Path) -> None:
    """Load, compose, synthesize; needs no network, no credentials and no docker."""
    app = cdk.App(builtin_cloud_formation_validation=False)
    with recorded_inputs(root, Path(app.asset_outdir), asked=app.node.try_get_context):
        platform = load_platform(root, model=app.node.try_get_context("model"))
        add_stages(app, platform=platform, sources=load_sources(platform))
        add_validation(app)
        app.synth()


if __name__ == "__main__":
    try:
        main(Path(__file__).parent)
    except (ContractError, BindingError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
