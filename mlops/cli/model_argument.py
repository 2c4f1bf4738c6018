"""The argument MODEL of every command: a model by its name, or by its folder's."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)


def model_argument(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """The argument, handed to the command as the model's name."""
    return click.argument("model", required=required, callback=_name)


def _name(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str | None:
    return None if given is None else given.replace("_", "-")
