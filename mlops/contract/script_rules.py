"""Rules of a model's scripts that can be seen without running them."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mlops.contract.document import Document, KeyPath
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.scripts import Script, scripts_of
from mlops.contract.translation import problem_at

SERVING_FUNCTIONS: Final = ("model_fn", "input_fn", "predict_fn", "output_fn")
_ARGUMENTS: Final = {
    "model_fn": ("model_dir",),
    "input_fn": ("body", "content_type"),
    "predict_fn": ("request", "model"),
    "output_fn": ("prediction", "accept"),
}
"""What the model server gives to each of its functions, by position."""
_READER: Final = "read_hyperparameters"
_HYPERPARAMETERS: Final[KeyPath] = ("pipeline", "steps", "train", "hyperparameters")


def _scripts_are_python(document: Document, _: ModelSpec, folder: Path) -> Iterator[Problem]:
    for script in scripts_of(folder):
        if script.error is not None:
            yield Problem(
                file=in_folder(document, folder, script.path),
                line=script.error.line,
                key="syntax",
                problem=f"is not Python: {script.error.problem}",
                got=script.path.name,
                allowed="a file that Python can read",
                remedy="fix this line",
            )


def _the_server_finds_its_functions(
    document: Document, _: ModelSpec, folder: Path
) -> Iterator[Problem]:
    script = Script(folder / "inference.py")
    if (folder / "Dockerfile").is_file() or script.error or "*" in script.names:
        return  # an image of the model's own may serve in its own way
    for name in SERVING_FUNCTIONS:
        if name not in script.names:
            yield Problem(
                file=in_folder(document, folder, script.path),
                line=1,
                key=name,
                problem="the model server calls this function, and the script has none",
                got=", ".join(one for one in SERVING_FUNCTIONS if one in script.names) or "none",
                allowed=", ".join(SERVING_FUNCTIONS),
                remedy=f"define {name}",
            )
        elif problem := _call_problem(script.definitions[name], len(_ARGUMENTS[name])):
            yield Problem(
                file=in_folder(document, folder, script.path),
                line=script.definitions[name].lineno,
                key=name,
                problem=problem,
                got=ast.unparse(script.definitions[name]).splitlines()[0],
                allowed=f"def {name}({', '.join(_ARGUMENTS[name])})",
                remedy="define it as the model server calls it",
            )


def _call_problem(node: ast.stmt, count: int) -> str | None:
    """Why the model server cannot call this with so many arguments, as far as can be seen."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
        return "is not a function"
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.decorator_list:
        return None
    if isinstance(node, ast.AsyncFunctionDef):
        return "is asynchronous, and the model server awaits nothing"
    given = node.args
    most = len(given.posonlyargs) + len(given.args)
    named = any(default is None for default in given.kw_defaults)
    fits = most - len(given.defaults) <= count and (given.vararg is not None or count <= most)
    return None if fits and not named else f"cannot be called with {count} arguments by position"


def _hyperparameters_are_those_that_train_reads(
    document: Document, model: ModelSpec, folder: Path
) -> Iterator[Problem]:
    fields = read_fields(folder)
    given = model.pipeline.steps.train.hyperparameters
    if fields is None:
        return
    for name, value in given.items():
        problem = _objection(name, value, fields)
        if problem:
            yield problem_at(
                document,
                (*_HYPERPARAMETERS, name),
                problem,
                got=value if name in fields else name,
                allowed=", ".join(f"{one} ({kind})" for one, (kind, _) in fields.items()),
                remedy="use what train.py reads, or let it read this",
            )
    for name, (_, has_default) in fields.items():
        if not has_default and name not in given:
            yield problem_at(
                document,
                _HYPERPARAMETERS,
                f"train.py needs the hyper-parameter {name}, which has no default",
                got=", ".join(given) or "none",
                allowed=", ".join(fields),
                remedy=f"add {name}",
            )


def _objection(name: str, value: float | str, fields: dict[str, tuple[str, bool]]) -> str | None:
    if name not in fields:
        return "train.py reads no such hyper-parameter"
    if isinstance(value, str):
        return "train.py reads a number here"
    if fields[name][0] == "int" and not isinstance(value, int):
        return "train.py reads a whole number here"
    return None


def read_fields(folder: Path) -> dict[str, tuple[str, bool]] | None:
    """Type and whether there is a default, by the names that train.py reads.

    None where it does not read them by `jobs.training.read_hyperparameters` into a data class.
    """
    script = Script(folder / "train.py")
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == _READER:
            kind = node.args[1] if len(node.args) > 1 else None
            found = kind.id if isinstance(kind, ast.Name) else None
            return _fields(_class(script, found)) if found else None
    return None


def _class(script: Script, name: str) -> ast.ClassDef | None:
    """The class, in the script itself or in the module beside it that it comes from."""
    module = script.origin(name)
    if module is None:
        return script.class_named(name)
    return Script(script.path.with_name(f"{module}.py")).class_named(name)


def _fields(found: ast.ClassDef | None) -> dict[str, tuple[str, bool]] | None:
    if found is None or found.bases:
        return None
    return {
        node.target.id: (ast.unparse(node.annotation), node.value is not None)
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def in_folder(document: Document, folder: Path, path: Path) -> str:
    """A file of the model's folder as problems name it."""
    return f"{document.file.rpartition('/')[0]}/{path.relative_to(folder).as_posix()}"


SCRIPT_RULES: Final[tuple[Callable[[Document, ModelSpec, Path], Iterator[Problem]], ...]] = (
    _scripts_are_python,
    _the_server_finds_its_functions,
    _hyperparameters_are_those_that_train_reads,
)
