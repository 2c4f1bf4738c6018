"""How a model is made: contract -> step graph -> compiled definition, bound to a stage."""

from mlops.pipeline.archive import code_files, contract_json, image_tag
from mlops.pipeline.binding import BindingError, bind
from mlops.pipeline.compiled import input_hashes, load_compiled
from mlops.pipeline.compiler import CompileError, compile_model, has_sdk, sdk_python
from mlops.pipeline.graph import (
    CONSTANTS,
    DATA_RECORD,
    FIND_APPROVED_ARN,
    FIND_ORIGIN_ARN,
    graph_of,
    tunable_defaults,
)
from mlops.pipeline.source import ModelSource, load_source, load_sources
from mlops.pipeline.synthesis_inputs import SynthesisInputs, recorded_inputs

__all__ = [
    "CONSTANTS",
    "DATA_RECORD",
    "FIND_APPROVED_ARN",
    "FIND_ORIGIN_ARN",
    "BindingError",
    "CompileError",
    "ModelSource",
    "SynthesisInputs",
    "bind",
    "code_files",
    "compile_model",
    "contract_json",
    "graph_of",
    "has_sdk",
    "image_tag",
    "input_hashes",
    "load_compiled",
    "load_source",
    "load_sources",
    "recorded_inputs",
    "sdk_python",
    "tunable_defaults",
]
