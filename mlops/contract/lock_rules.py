"""Rules of a model's lock: it has what requirements.in asks for and what is imported."""

import difflib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

from mlops.contract.document import Document
from mlops.contract.model_spec import ModelSpec
from mlops.contract.problems import Problem
from mlops.contract.script_rules import in_folder
from mlops.contract.scripts import scripts_of

LOCK: Final = "requirements.lock"
_ASKED: Final = "requirements.in"
_COMPILE: Final = "lock it again; docs/start/adding-a-model.md has the command"
_CONTAINER: Final = Path(__file__).parents[1] / "container"
_PACKED: Final = ("jobs", "monitoring")
"""The platform's packages in every archive; what they import, the model's image needs."""
_SERVER: Final = (_CONTAINER / "serving" / "serve.py", _CONTAINER / "serving" / "model_server.py")
_BASELINE: Final = "drift_baseline"
"""The job that runs without a script of the model's own."""

DISTRIBUTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "PIL": ("pillow",),
    "attr": ("attrs",),
    "bs4": ("beautifulsoup4",),
    "cv2": ("opencv-python", "opencv-python-headless"),
    "dateutil": ("python-dateutil",),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "imblearn": ("imbalanced-learn",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "umap": ("umap-learn",),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "yaml": ("pyyaml",),
    **{
        name: (name.replace("_", "-"),)
        for name in (
            "boto3", "catboost", "category_encoders", "dask", "fastapi", "flask", "gensim", "httpx",
            "httptools", "joblib", "keras", "lightgbm", "matplotlib", "networkx", "nltk", "numba",
            "numpy", "onnx", "onnxmltools", "optuna", "pandas", "pandera", "polars", "prophet",
            "pyarrow", "pydantic", "requests", "sagemaker", "scipy", "seaborn", "shap", "skl2onnx",
            "spacy", "starlette", "statsmodels", "torch", "tqdm", "transformers", "uvicorn",
            "uvloop",
        )
    },
}  # fmt: skip
"""The distributions that bring a module, for the modules whose distribution is known."""


def _the_lock_has_what_is_asked_for(
    document: Document, _: ModelSpec, folder: Path
) -> Iterator[Problem]:
    asked, locked = folder / _ASKED, locked_versions(folder)
    for line, name, text in _requirements(asked) if locked is not None else ():
        objection = _objection(name, text, locked or {})
        if objection is not None:
            problem, got, allowed = objection
            yield Problem(
                file=in_folder(document, folder, asked),
                line=line,
                key=name,
                problem=problem,
                got=got,
                allowed=allowed,
                remedy=_COMPILE,
            )


def _objection(name: str, text: str, locked: Mapping[str, str]) -> tuple[str, str, str] | None:
    """What is wrong with a line that asks for a package, what was found, what is allowed."""
    if re.search(r"(^|@\s*)(git|hg|svn|bzr)\+", text):
        return ("a repository has no hash, and the image installs nothing without", text,
                "a released version of the package, or the address of its wheel")  # fmt: skip
    if not name:
        return None  # a file or an address: which package it holds is not known here
    if name not in locked:
        problem = f"{LOCK} does not have this package: the image would lack it"
        return problem, name, "packages of the lock"
    try:
        asked = Requirement(text)
    except InvalidRequirement as error:
        return f"is not a requirement: {str(error).splitlines()[0]}", text, "name, or name==version"
    version = locked[name]
    if asked.marker or not version or asked.specifier.contains(version, prereleases=True):
        return None
    return f"{LOCK} has another version: the image would get that one", version, text


def _the_lock_has_what_is_imported(
    document: Document, _: ModelSpec, folder: Path
) -> Iterator[Problem]:
    locked = locked_versions(folder)
    if locked is None or (folder / "Dockerfile").is_file():
        return  # an image of the model's own may bring packages that no lock names
    for file, line, module in _imports(document, folder):
        known = DISTRIBUTIONS.get(module)
        if locked.keys() & set(known or (canonical(module),)):
            continue
        if known is None and any(canonical(module) in name for name in locked):
            continue
        yield Problem(
            file=file,
            line=line,
            key=module,
            problem=f"{LOCK} has no package that brings this module"
            if known
            else f"no module beside the scripts and no package of {LOCK} is known by this name",
            got=module,
            allowed=" or ".join(known or ("a module beside the scripts", "a package of the lock")),
            remedy=_way_out(module, folder),
            level="error" if known else "warning",
        )


def _way_out(module: str, folder: Path) -> str:
    near = () if module in DISTRIBUTIONS else sorted(_own(folder) | DISTRIBUTIONS.keys())
    close = difflib.get_close_matches(module, near, n=1, cutoff=0.8)
    return f"did you mean {close[0]}?" if close else f"add it to {_ASKED} and {_COMPILE}"


def _no_module_hides_another(document: Document, _: ModelSpec, folder: Path) -> Iterator[Problem]:
    locked = locked_versions(folder) or {}
    for name in sorted(_own(folder, importable=True)):
        brought = locked.keys() & set(DISTRIBUTIONS.get(name, (canonical(name),)))
        if name in sys.stdlib_module_names or brought:
            of = f"the package {min(brought)}" if brought else "Python"
            path = folder / f"{name}.py"
            yield Problem(
                file=in_folder(document, folder, path if path.is_file() else folder / name),
                line=1,
                key=name,
                problem=f"has the name of a module of {of}: every library would import this one",
                got=name,
                allowed="a name that neither Python nor a package of the lock has",
                remedy="rename the module",
            )


def _own(folder: Path, *, importable: bool = False) -> set[str]:
    """The modules and folders beside the scripts, or only those that hide others of their name."""
    return {
        path.stem
        for path in folder.iterdir()
        if path.suffix == ".py"
        or (path.is_dir() and (not importable or (path / "__init__.py").is_file()))
    }


def _imports(document: Document, folder: Path) -> Iterator[tuple[str, int, str]]:
    """File, line and name of each module that is neither Python's nor beside the scripts."""
    own = _own(folder)
    seen: set[str] = set()
    jobs: set[str] = {_BASELINE}
    for script in scripts_of(folder):
        for line, dotted in script.imports():
            top, _, rest = dotted.partition(".")
            if top == "jobs":
                jobs.add(rest.partition(".")[0])
            elif top not in seen and top not in own and not _is_given(top):
                seen.add(top)
                yield in_folder(document, folder, script.path), line, top
    lock = in_folder(document, folder, folder / LOCK)
    for module in sorted(platform_imports(frozenset(jobs)) - seen):
        yield lock, 1, module


def _is_given(module: str) -> bool:
    return module in sys.stdlib_module_names or module in (*_PACKED, "sheet", "serve")


@cache
def platform_imports(jobs: frozenset[str]) -> frozenset[str]:
    """What the server, the drift engine and these modules of `jobs` import of other people's."""
    found: set[str] = set()
    waiting, read = [*_SERVER, *sorted((_CONTAINER / "monitoring").glob("*.py"))], set[Path]()
    waiting += [_CONTAINER / "jobs" / f"{name}.py" for name in jobs]
    while waiting:
        path = waiting.pop()
        if path in read or not path.is_file():
            continue
        read.add(path)
        for module, relative in _imported(path.read_text("utf-8")):
            if relative:
                waiting.append(path.with_name(f"{module}.py"))
            elif not _is_given(module) and not (_CONTAINER / "serving" / f"{module}.py").is_file():
                found.add(module)
    return frozenset(found)


def _imported(text: str) -> Iterator[tuple[str, bool]]:
    """Each module that a file of ours imports, and whether it is beside it."""
    for dots, module, names in re.findall(r"^from (\.?)(\w*)[\w.]* import ([^#\n]*)", text, re.M):
        for name in [module] if module else re.findall(r"\w+", names):
            yield name, bool(dots)
    for module in re.findall(r"^import (\w+)", text, re.M):
        yield module, False


def locked_versions(folder: Path) -> dict[str, str] | None:
    """The versions of a lock by their packages' names; None where there is no readable lock.

    A package that is locked by its address has an empty version.
    """
    try:
        text = (folder / LOCK).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    name = r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?"
    addressed = {canonical(found): "" for found in re.findall(name + r" @ ", text, re.M)}
    found = re.findall(name + r"==([^\s;\\]+)", text, re.M)
    return addressed | {canonical(name): version for name, version in found}


def _requirements(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, name and text of each package that a file asks for; no name where it has none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for number, line in enumerate(lines, start=1):
        text = re.split(r"(?:^|\s)(?:#|--|\\$)", line, maxsplit=1)[0].strip()
        if text and not text.startswith("-"):
            name = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?![+:/\\\w.-])", text)
            yield number, canonical(name[1]) if name else "", text


def canonical(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


LOCK_RULES: Final[tuple[Callable[[Document, ModelSpec, Path], Iterator[Problem]], ...]] = (
    _the_lock_has_what_is_asked_for,
    _the_lock_has_what_is_imported,
    _no_module_hides_another,
)
