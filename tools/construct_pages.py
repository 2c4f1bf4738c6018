"""One page for each public construct of `mlops_constructs`, for Sphinx to fill by autodoc."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

from constructs import Construct

import mlops_constructs

KIT = "kit"


def write(folder: Path) -> None:
    """Write a page for each construct and an index by capability, and remove outdated pages."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in folder.glob("*.rst"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    found = sorted(constructs(), key=lambda one: (_room(one) == KIT, _room(one), one.__name__))
    return {f"{one.__name__}.rst": _page(one) for one in found} | {"index.rst": _index(found)}


def constructs() -> Iterator[type[Construct]]:
    """Every public construct, where it is defined."""
    for found in pkgutil.walk_packages(mlops_constructs.__path__, "mlops_constructs."):
        for name, value in vars(importlib.import_module(found.name)).items():
            if (
                inspect.isclass(value)
                and issubclass(value, Construct)
                and value.__module__ == found.name
                and not name.startswith("_")
            ):
                yield value


def _room(construct: type[Construct]) -> str:
    parts = construct.__module__.split(".")
    return parts[1] if len(parts) > 2 else KIT  # noqa: PLR2004  # package, room, module


def _page(construct: type[Construct]) -> str:
    module = importlib.import_module(construct.__module__)
    props = [
        value
        for name, value in vars(module).items()
        if name == f"{construct.__name__}Props" and is_dataclass(value)
    ]
    parts = [
        f".. autoclass:: {construct.__module__}.{one.__qualname__}" for one in (construct, *props)
    ]
    return "\n\n".join([_title(construct.__name__), *parts]) + "\n"


def _index(found: list[type[Construct]]) -> str:
    rooms = dict.fromkeys(_room(one) for one in found)
    trees = [
        "\n".join(
            [
                ".. toctree::",
                f"   :caption: {room}",
                "",
                *(f"   {one.__name__}" for one in found if _room(one) == room),
            ]
        )
        for room in rooms
    ]
    return "\n\n".join([_title("Constructs"), *trees]) + "\n"


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}"
