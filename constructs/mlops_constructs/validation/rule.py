"""A rule: one claim about a template, why it matters, and how to make it true again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mlops_constructs.validation.template import Template


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A place in a template where a rule does not hold."""

    logical_id: str
    where: str
    """Path inside the resource, such as `Properties.DeploymentConfig`."""
    detail: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A claim with a check that yields its breaches and says nothing where it does not apply."""

    id: str
    title: str
    why: str
    remedy: str
    check: Callable[[Template], Iterable[Fault]]

    def faults(self, template: Template) -> Iterator[Fault]:
        """Every place where the claim is broken."""
        yield from self.check(template)


def rule(
    id_: str, *, why: str, remedy: str
) -> Callable[[Callable[[Template], Iterable[Fault]]], Rule]:
    """Turn a check into the rule of this id; the first line of its docstring is the claim."""

    def named(check: Callable[[Template], Iterable[Fault]]) -> Rule:
        title = (check.__doc__ or "").partition("\n")[0]
        return Rule(id=id_, title=title, why=why, remedy=remedy, check=check)

    return named
