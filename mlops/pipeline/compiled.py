"""The committed definition of a model: read, written, and refused when its inputs have changed."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from mlops.contract import ContractError, ModelSpec, Problem
from mlops.pipeline.graph import graph_of

FILE: Final = "pipeline.json"
SDK_LOCK: Final = "requirements/sdk.txt"
_COMPILER: Final = Path(__file__).with_name("definition.py")

Definition = dict[str, Any]


def compiled_path(root: Path, spec: ModelSpec) -> Path:
    """Where the definition of a model is committed."""
    return root / "model_code" / spec.folder / FILE


def input_hashes(root: Path, spec: ModelSpec) -> dict[str, str]:
    """What a definition depends on: its step graph, what translates it, and the SDK's lock.

    The graph stands for the contract: a change that leaves the steps alone needs no compilation.
    """
    return {
        "graph": _sha256(repr(graph_of(spec)).encode()),
        "definition.py": _sha256(_COMPILER.read_bytes()),
        SDK_LOCK: _sha256((root / SDK_LOCK).read_bytes()),
    }


def rendered(root: Path, spec: ModelSpec, definition: Definition) -> str:
    """The text of the committed file, laid out for reviewers."""
    content = {"inputs": input_hashes(root, spec), "definition": definition}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def load_compiled(root: Path, spec: ModelSpec) -> Definition:
    """The committed definition of a model.

    Raises:
        ContractError: there is none, it is unreadable, or it was compiled from something else.
    """
    path = compiled_path(root, spec)
    try:
        content = json.loads(path.read_text("utf-8"))
        recorded, definition = dict(content["inputs"]), dict(content["definition"])
    except OSError as error:
        raise _refusal(root, spec, f"cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refusal(root, spec, "is not a compiled definition") from error
    current = input_hashes(root, spec)
    changed = [name for name, digest in current.items() if recorded.get(name) != digest]
    if changed:
        raise _refusal(root, spec, f"is older than what it is compiled from: {', '.join(changed)}")
    return definition


def _refusal(root: Path, spec: ModelSpec, problem: str) -> ContractError:
    file = compiled_path(root, spec).relative_to(root).as_posix()
    remedy = f"run mlops pipeline compile {spec.name} and commit the file"
    return ContractError((Problem(file=file, key="", problem=problem, remedy=remedy),))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
