"""One synthesis, timed phase by phase; `synth.py` runs this in a process of its own."""

# ruff: noqa: PLC0415  # importing is one of the phases that are measured

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def ours(root: Path, *, validate: bool) -> dict[str, float]:
    """Synthesize as `app.py` does, with a clock between the phases."""
    clock = Clock()
    import aws_cdk as cdk

    from mlops.contract import load_platform
    from mlops.pipeline import load_source
    from mlops_constructs.validation.plugin import add_validation
    from stacks.stage import add_stages

    app = cdk.App(builtin_cloud_formation_validation=False)
    clock.phase("import")
    platform = load_platform(root)
    sources = [load_source(platform, model, root / "build") for model in platform.models]
    clock.phase("load")
    add_stages(app, platform=platform, sources=sources)
    clock.phase("construct")
    if validate:
        add_validation(app)
    app.synth()
    clock.phase("synth")
    return clock.phases


def floor(assembly: Path) -> dict[str, float]:
    """Emit the templates of an assembly again, each by one call."""
    clock = Clock()
    import aws_cdk as cdk
    from aws_cdk import cloudformation_include

    app = cdk.App(builtin_cloud_formation_validation=False)
    clock.phase("import")
    for number, template in enumerate(sorted(assembly.rglob("*.template.json"))):
        stack = cdk.Stack(app, f"S{number}", synthesizer=cdk.LegacyStackSynthesizer())
        cloudformation_include.CfnInclude(stack, "T", template_file=str(template))
    clock.phase("construct")
    app.synth()
    clock.phase("synth")
    return clock.phases


class Clock:
    """Wall seconds between the marks that are set."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._last = time.perf_counter()

    def phase(self, name: str) -> None:
        """End a phase here."""
        now = time.perf_counter()
        self.phases[name] = now - self._last
        self._last = now


WAYS: dict[str, Callable[[Path], dict[str, float]]] = {
    "ours": lambda source: ours(source, validate=False),
    "validated": lambda source: ours(source, validate=True),
    "floor": floor,
}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]))))
