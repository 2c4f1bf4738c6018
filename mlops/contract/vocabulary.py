"""The types that the contract's files are made of, each with the one rule it stands for."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from mlops.contract.schedules import schedule_problem


class Spec(BaseModel):
    """A frozen piece of a file; unknown keys and silent conversions are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def invalid(problem: str, *, allowed: str, remedy: str) -> PydanticCustomError:
    """An error that says what is allowed and what to do, for validators."""
    # Braces would be taken for placeholders of the message template.
    context = {"allowed": allowed, "remedy": remedy, "problem": problem}
    return PydanticCustomError("contract", "{problem}", context)


def _matching(pattern: str, *, what: str, example: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise invalid(
                f"is no {what}", allowed=f"like {example}", remedy=f"write it like {example}"
            )
        return value

    return AfterValidator(check)


def _schedule(value: str) -> str:
    problem = schedule_problem(value)
    if problem:
        raise invalid(
            f"is no schedule of EventBridge Scheduler: {problem}",
            allowed="cron(minute hour day-of-month month day-of-week year) or rate(n unit)",
            remedy="write for example cron(0 3 ? * MON *)",
        )
    return value


NAME_PATTERN: Final = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_PRINTABLE: Final = r"[^\x00-\x1f\x7f]+"

Name = Annotated[
    str,
    Field(max_length=24),
    _matching(NAME_PATTERN, what="name", example="bike-demand"),
]
FieldName = Annotated[
    str,
    Field(max_length=64),
    _matching(r"[a-z][a-z0-9_]*", what="field name", example="temp_celsius"),
]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Line = Annotated[
    str, Field(max_length=200), _matching(_PRINTABLE, what="line of text", example="Data science")
]
AccountId = Annotated[
    str,
    _matching(r"[0-9]{12}", what="account id", example='"111111111111" (12 digits, in quotes)'),
]
Region = Annotated[
    str,
    _matching(
        r"(?!cn-|us-gov-|us-iso)[a-z]{2}(-[a-z]+)+-[0-9]",
        what="region of the standard AWS partition",
        example="eu-west-1",
    ),
]
S3Uri = Annotated[
    str,
    _matching(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s]+",
        what="S3 URI of an object",
        example="s3://bucket/folder/file.csv.gz",
    ),
]
Sha256 = Annotated[
    str,
    _matching(
        r"[0-9a-f]{64}",
        what="SHA-256 of a file",
        example="the one that `mlops data publish` prints",
    ),
]
RelativePath = Annotated[
    str,
    _matching(
        r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]*",
        what="path below the folder",
        example="data/a.csv.gz",
    ),
]
InstanceType = Annotated[
    str,
    _matching(r"ml\.[a-z0-9-]+\.[a-z0-9-]+", what="instance type", example="ml.m5.large"),
]
Schedule = Annotated[str, AfterValidator(_schedule)]
Ratio = Annotated[float, Field(gt=0, lt=1)]
PositiveInt = Annotated[int, Field(ge=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
