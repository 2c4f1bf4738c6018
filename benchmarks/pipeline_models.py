"""How large the delivery's template is, for so many models: every stage's stacks stand in by name.

The pipeline knows of a stack its name, its template and what it waits for, so stacks that hold one
handle each make the same pipeline in seconds. `tests/stacks/test_delivery_size.py` holds such a
template against a real one.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as s3_assets

from mlops.contract import Platform, StageSpec, load_platform
from mlops_constructs.delivery.delivery_pipeline import Promotion
from mlops_constructs.delivery.pipeline_limits import models_that_fit
from mlops_constructs.validation.limits import TEMPLATE_BYTES
from stacks.delivery_stack import DeliveryStack

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (1, 10, 25, 50)


class StandInStage(cdk.Stage):
    """A stage's stacks, by name and order alone."""

    def __init__(self, scope: cdk.App, spec: StageSpec, platform: Platform) -> None:
        environment = cdk.Environment(account=spec.account, region=spec.region)
        super().__init__(scope, spec.name, env=environment)
        self._prefix = f"{platform.names.project}-{spec.name}"
        foundation = self._stack("Foundation", "foundation")
        # Any file makes the action that publishes them.
        s3_assets.Asset(foundation, "File", path=str(ROOT / "cdk.json"))
        if spec.trains:
            registry = self._stack("Registry", "registry", foundation)
            for model in platform.models:
                self._stack(f"{model.name}-Training", f"{model.name}-training", registry)
        checks = list(self._serving(platform, foundation))
        if spec.checks:
            self._stack("Checks", "checks", *checks)
        self._stack("Overview", "overview")

    def _serving(self, platform: Platform, foundation: cdk.Stack) -> Iterator[cdk.Stack]:
        for model in platform.models:
            name = model.name
            serving = self._stack(f"{name}-Serving", f"{name}-serving", foundation)
            check = self._stack(f"{name}-ReleaseCheck", f"{name}-release-check", serving)
            self._stack(f"{name}-Monitoring", f"{name}-monitoring", serving)
            if model.batch is not None:
                self._stack(f"{name}-Batch", f"{name}-batch", check)
            yield check

    def _stack(self, id_: str, name: str, *after: cdk.Stack) -> cdk.Stack:
        stack = cdk.Stack(self, id_, stack_name=f"{self._prefix}-{name}")
        cdk.CfnWaitConditionHandle(stack, "Handle")
        for one in after:
            stack.add_stack_dependency(one)
        return stack


def with_models(platform: Platform, count: int) -> Platform:
    """The platform with so many models, all like its first, under names of the longest kind."""
    first = platform.models[0]
    models = tuple(
        first.model_copy(update={"name": f"{'m' * 20}-{number:03}"}) for number in range(count)
    )
    return replace(platform, models=models, model_names=tuple(model.name for model in models))


def template_bytes(platform: Platform, context: dict[str, object]) -> bytes:
    """The delivery's template as it would be uploaded."""
    source = platform.stages.delivery.source
    assert source is not None
    with TemporaryDirectory() as folder:
        app = cdk.App(context=context, outdir=folder, builtin_cloud_formation_validation=False)
        promotions = [
            Promotion(spec=spec, stage=StandInStage(app, spec, platform))
            for spec in platform.stages.stages
        ]
        DeliveryStack(
            app,
            names=platform.names,
            source=source,
            models=[model.name for model in platform.models],
            promotions=promotions,
        )
        app.synth()
        return (Path(folder) / "Delivery.template.json").read_bytes()


def main(counts: Sequence[int]) -> None:
    """Print the size for these numbers of models, and for as many as fit."""
    platform = load_platform(ROOT)
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    most = models_that_fit(platform.stages)
    print(f"{'models':>7} {'bytes':>10} of {TEMPLATE_BYTES:,}")
    for count in sorted({*counts, most}):
        size = len(template_bytes(with_models(platform, count), context))
        print(f"{count:>7} {size:>10,} {size / TEMPLATE_BYTES:.0%}")
    print(f"{most} models fit into CodePipeline's limits, if all score batches")


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or COUNTS)
