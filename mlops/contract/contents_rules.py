"""Rules on what is recorded of a version's bytes beside its pins."""

from collections.abc import Iterator

from mlops.contract.document import Document
from mlops.contract.problems import Problem
from mlops.contract.release_spec import ReleasesSpec
from mlops.contract.stage_spec import StagesSpec
from mlops.contract.translation import problem_at


def contents_problems(
    document: Document, releases: ReleasesSpec, stages: StagesSpec
) -> Iterator[Problem]:
    """Pins of versions without recorded contents, in stages that require them."""
    asking = [one.name for one in stages.stages if one.recorded_contents == "required"]
    for model, pinned in releases.releases.items():
        for stage in (stage for stage in pinned if stage in asking):
            version = releases.version(model=model, stage=stage)
            if version is None or releases.content(model=model, version=version) is not None:
                continue
            yield problem_at(
                document,
                ("releases", model, stage),
                f"nothing is recorded of what version {version} consists of, and {stage} asks",
                got=pinned[stage],
                allowed=f'a version with its line below contents.{model}: "{version}": {{...}}',
                remedy=f"leave the pin as it was before and let `mlops release pin {model} {stage} "
                f"{version} --target aws` write it: the registry knows the contents of what was "
                "registered with them; a version without is trained again",
            )
