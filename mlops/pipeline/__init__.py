"""How a model is made: contract -> step graph -> compiled definition, bound to a stage."""

from mlops.pipeline.archive import code_files, contract_json, image_tag
from mlops.pipeline.binding import BindingError, bind
from mlops.pipeline.compiled import input_hashes, load_compiled
from mlops.pipeline.compiler import CompileError, compile_model, sdk_python
from mlops.pipeline.graph import FIND_APPROVED_ARN, graph_of, tunable_defaults
from mlops.pipeline.source import ModelSource, load_source

__all__ = [
    "FIND_APPROVED_ARN",
    "BindingError",
    "CompileError",
    "ModelSource",
    "bind",
    "code_files",
    "compile_model",
    "contract_json",
    "graph_of",
    "image_tag",
    "input_hashes",
    "load_compiled",
    "load_source",
    "sdk_python",
    "tunable_defaults",
]
