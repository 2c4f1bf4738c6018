"""Turns pydantic's findings into problems that name the line, the allowed values and the remedy."""

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mlops.contract.document import Document, KeyPath, dotted
from mlops.contract.partial import joint_errors, partial_spec
from mlops.contract.problems import ContractError, Problem
from mlops.contract.vocabulary import JOINED

SpecT = TypeVar("SpecT", bound=BaseModel)

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("", "add the key"),
    "string_type": ("text", "write text, in quotes where it looks like a number"),
    "int_type": ("a whole number", "write a whole number without quotes"),
    "float_type": ("a number", "write a number without quotes"),
    "finite_number": ("a finite number", "write a finite number"),
    "bool_type": ("true or false", "write true or false"),
    "model_type": ("a block of keys", "write a block of keys below it"),
    "dict_type": ("a block of keys", "write a block of keys below it"),
    "tuple_type": ("a list", "write a list"),
}
"""What is allowed and what to do, for the findings that pydantic words without saying either."""
_BOUNDS: Final = {
    "ge": ">= {}",
    "gt": "> {}",
    "le": "<= {}",
    "lt": "< {}",
    "min_length": "{} or more in number",
    "max_length": "at most {} in number",
}
_NOT_WRITTEN: Final = object()
_SHOWN: Final = 60
_THE_KEY: Final = "the key "
# Parts of pydantic's error location that are not written in the file: names of union members.
_UNION_PARTS: Final = ("int", "str", "float", "bool", "constrained-str", "constrained-int", "[key]")


@dataclass(frozen=True, kw_only=True)
class Judged(Generic[SpecT]):
    """What a document says, and what is wrong with it key by key."""

    spec: SpecT | None
    """Where there are problems: what rules can judge nevertheless, see `partial`."""
    problems: tuple[Problem, ...] = ()


def checked(document: Document, spec: type[SpecT]) -> SpecT:
    """The document as a spec.

    Raises:
        ContractError: with one problem for everything that does not fit.
    """
    found = judged(document, spec)
    if found.spec is None or found.problems:
        raise ContractError(found.problems)
    return found.spec


def judged(document: Document, spec: type[SpecT]) -> Judged[SpecT]:
    """The document as a spec, with one problem for everything that does not fit.

    An unknown key is reported and left out, so that the rules of its block are asked as well.
    """
    data = {} if document.data is None else document.data
    found = _errors(spec, data)
    unknown = [details for details in found if details["type"] == "extra_forbidden"]
    if unknown:
        data = _without(data, [_written_path(document, details["loc"]) for details in unknown])
        found = [*unknown, *_errors(spec, data)]
    if not found:
        return Judged(spec=_validated(spec, data))
    single = [one for one in found if one not in unknown and one["type"] != JOINED]
    places = [_wrong_place(document, details) for details in single]
    whole = list(_of_whole_lists(document, spec, data, places))
    joint = list(_joint(spec, data, places))
    asked = {(details["loc"], details["msg"]) for details in joint}
    # What a block objects to whole it may not say of its readable part; it is a problem still.
    joint += [
        details
        for details in found
        if details["type"] == JOINED and (details["loc"], details["msg"]) not in asked
    ]
    refused = [(*details["loc"], key) for details in joint for key in details["ctx"]["keys"]]
    of_keys = [_problem(document, spec, details) for details in (*unknown, *single, *whole)]
    of_blocks = [_problem(document, spec, details) for details in joint]
    return Judged(
        spec=partial_spec(spec, data, [*places, *refused]),
        problems=_in_order([*_one_per_place(of_keys), *of_blocks]),
    )


def _joint(spec: type[BaseModel], data: object, places: list[KeyPath]) -> Iterator[ErrorDetails]:
    """What blocks say of their keys together, beside the values that are wrong by themselves."""
    partial = partial_spec(spec, data, places)
    for path, error in () if partial is None else joint_errors(partial):
        value = data
        for part in path:
            value = _held(value, part)
        yield ErrorDetails(
            type=error.type, loc=path, msg=error.message(), input=value, ctx=error.context or {}
        )


def _of_whole_lists(
    document: Document, spec: type[BaseModel], data: object, places: list[KeyPath]
) -> Iterator[ErrorDetails]:
    """What is wrong with lists as a whole, such as an entry twice, but for their wrong entries."""
    entries = {
        place[: at + 1]
        for place in places
        for at, part in enumerate(place)
        if isinstance(part, int)
    }
    lists = {entry[:-1] for entry in entries} - {*places}
    if not lists:
        return
    # From the end, so that the entries before it keep their places.
    rest = _without(data, sorted(entries, key=lambda path: (len(path), path[-1]), reverse=True))
    for details in _errors(spec, rest):
        if _written_path(document, details["loc"]) in lists and details["type"] != "too_short":
            yield details


def _validated(spec: type[SpecT], data: object) -> SpecT:
    return spec.model_validate(data, by_alias=True, by_name=False)


def _errors(spec: type[BaseModel], data: object) -> list[ErrorDetails]:
    try:
        _validated(spec, data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _without(data: object, paths: list[KeyPath]) -> object:
    """A copy of the data without these keys."""
    copied = copy.deepcopy(data)
    for *parents, key in paths:
        place: Any = copied
        for part in parents:
            place = place[part]
        if isinstance(place, list):
            del place[int(key)]
        else:
            place.pop(key, None)
    return copied


def _wrong_place(document: Document, details: ErrorDetails) -> KeyPath:
    """The part of the data that an error makes unreadable; a wrong key spoils its whole block."""
    path = _written_path(document, details["loc"])
    return path[:-1] if details["loc"][-1:] == ("[key]",) else path


def problem_at(
    document: Document,
    path: KeyPath,
    problem: str,
    *,
    remedy: str,
    got: object = _NOT_WRITTEN,
    allowed: str | None = None,
) -> Problem:
    """A problem of a document at a key path."""
    path = document.written(path)
    return Problem(
        file=document.file,
        line=document.line(path),
        key=dotted(path),
        problem=problem,
        got=None if got is _NOT_WRITTEN else shown(got),
        allowed=allowed,
        remedy=remedy,
    )


def warning_at(
    document: Document, path: KeyPath, problem: str, *, got: object, allowed: str, remedy: str
) -> Problem:
    """Something that is allowed, and that its writer can hardly want."""
    found = problem_at(document, path, problem, got=got, allowed=allowed, remedy=remedy)
    return replace(found, level="warning")


def shown(value: object) -> str:
    """A value as the reader wrote it, cut where it is long."""
    if isinstance(value, dict | list | tuple):
        return f"a {'block of keys' if isinstance(value, dict) else 'list'}"
    text = repr(value)
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _one_per_place(problems: list[Problem]) -> tuple[Problem, ...]:
    """A value that fits no member of a union fails once for each; people need to read it once."""
    places: dict[tuple[str, int | None, bool], list[Problem]] = {}
    for problem in problems:
        place = (problem.key, problem.line, problem.problem.startswith(_THE_KEY))
        places.setdefault(place, []).append(problem)
    merged = [_merged(found) for found in places.values()]
    return tuple(merged)


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.key)))


def _merged(found: list[Problem]) -> Problem:
    if len(found) == 1:
        return found[0]
    allowed = dict.fromkeys(problem.allowed for problem in found if problem.allowed)
    return replace(
        found[0],
        problem="fits none of the allowed forms",
        allowed=", or ".join(allowed),
        remedy="write it in one of these forms",
    )


def _problem(document: Document, spec: type[BaseModel], details: ErrorDetails) -> Problem:
    path = _written_path(document, details["loc"])
    kind, context = details["type"], details.get("ctx", {})
    known = _known_keys(spec, path[:-1]) if kind in ("extra_forbidden", "missing") else ()
    subject = _THE_KEY if details["loc"][-1:] == ("[key]",) else ""
    return problem_at(
        document,
        path,
        subject + _wording(kind, details["msg"]),
        got=_got(kind, context, details["input"]),
        allowed=_allowed(kind, context, known),
        remedy=_remedy(kind, context, path, known) or _nearest(context, details["input"]),
    )


def _got(kind: str, context: Mapping[str, Any], value: object) -> object:
    if kind in ("missing", "extra_forbidden"):
        return _NOT_WRITTEN
    return context.get("got", value)


def _wording(kind: str, message: str) -> str:
    plain = {"extra_forbidden": "unknown key", "missing": "required key is missing"}
    text = plain.get(kind, message)
    return text[:1].lower() + text[1:]


def _allowed(kind: str, context: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
    if kind == "extra_forbidden":
        return ", ".join(known) or None
    for key in ("allowed", "expected", "pattern"):
        if key in context:
            return str(context[key])
    found = [form.format(context[key]) for key, form in _BOUNDS.items() if key in context]
    return " and ".join(found) or _KINDS.get(kind, ("", ""))[0] or None


def _remedy(
    kind: str, context: Mapping[str, Any], path: KeyPath, known: tuple[str, ...]
) -> str | None:
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(str(path[-1]), known, n=1)
        return f"did you mean {close[0]}?" if close else "remove it"
    return context.get("remedy") or _KINDS.get(kind, ("", ""))[1] or None


def _nearest(context: Mapping[str, Any], value: object) -> str:
    """The remedy for a value out of a short list: its nearest entry."""
    words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    close = difflib.get_close_matches(str(value), words, n=1)
    return f"did you mean {close[0]}?" if close else "change it to an allowed value"


def _written_path(document: Document, location: tuple[str | int, ...]) -> KeyPath:
    """The part of an error's location that stands in the file."""
    path: KeyPath = ()
    value = document.data
    for index, part in enumerate(location):
        inner = _held(value, part)
        if inner is not _NOT_WRITTEN:
            path, value = (*path, part), inner
        elif index == len(location) - 1 and not _internal(part):
            path = (*path, part)
    return path


def _held(value: object, part: str | int) -> object:
    """What a block or a list holds at a part of a path."""
    if isinstance(value, dict):
        return value.get(part, _NOT_WRITTEN)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _NOT_WRITTEN


def _internal(part: str | int) -> bool:
    return part in _UNION_PARTS or (isinstance(part, str) and any(mark in part for mark in "[]() "))


def _known_keys(spec: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """The keys that the spec at a path knows; () where the path leads into a free mapping."""
    current: type[BaseModel] | None = spec
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        names = {
            field.alias or name: field.annotation for name, field in current.model_fields.items()
        }
        current = _spec_within(names[part]) if part in names else current
    if current is None:
        return ()
    return tuple(field.alias or name for name, field in current.model_fields.items())


def _spec_within(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_spec_within(argument) for argument in get_args(annotation))
    return next((spec for spec in found if spec is not None), None)
