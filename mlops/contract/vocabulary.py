"""The types that the contract's files are made of, each with the one rule it stands for.

A rule that is a pattern or a list is checked here and shown to editors: the same object writes its
part of the JSON Schema, so that the two never drift apart.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from mlops.contract.instance_types import (
    Purpose,
    instance_type_problem,
    instance_types,
    similar_instance_types,
)
from mlops.contract.problems import UnreadableError
from mlops.contract.regions import regions
from mlops.contract.reserved import (
    MODEL_NAMES,
    PROJECT_BEGINNINGS,
    PROJECT_NAMES,
    PURPOSES,
    STAGE_NAMES,
)
from mlops.contract.schedules import SCHEDULE_PATTERN, schedule_problem


class Spec(BaseModel):
    """A frozen piece of a file; unknown keys and silent conversions are mistakes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=True, allow_inf_nan=False
    )

    if not TYPE_CHECKING:  # a type checker would take every misspelt field for a known one

        def __getattr__(self, name: str) -> object:
            """A field that is not there was wrong in the file; see `partial`."""
            if name in type(self).model_fields:
                raise UnreadableError(name)
            return super().__getattr__(name)


JOINED: Final = "joined"
"""Type of the errors that `joined` makes; nothing else marks them."""


def invalid(problem: str, *, allowed: str, remedy: str, got: object = None) -> PydanticCustomError:
    """An error that says what is allowed and what to do, for validators."""
    # Braces would be taken for placeholders of the message template.
    context = {"allowed": allowed, "remedy": remedy, "problem": problem}
    if got is not None:
        context["got"] = str(got)
    return PydanticCustomError("contract", "{problem}", context)


def joined(
    *keys: str, problem: str, allowed: str, remedy: str, got: object = None
) -> PydanticCustomError:
    """An error of values that are right by themselves: of these keys of a block together."""
    found = invalid(problem, allowed=allowed, remedy=remedy, got=got)
    return PydanticCustomError(JOINED, "{problem}", {**(found.context or {}), "keys": keys})


def legible(blocks: Iterable[Spec], name: str) -> list[str]:
    """A field of each block in which it can be read."""
    return [block.__dict__[name] for block in blocks if name in block.__dict__]


def repeated(names: list[str]) -> list[str]:
    """What is there more than once, each said once."""
    return sorted({name for name in names if names.count(name) > 1})


@dataclass(frozen=True, kw_only=True)
class _Form:
    """A text that matches a pattern as a whole."""

    pattern: str
    what: str
    example: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "pattern": f"^(?:{self.pattern})$"}

    def _checked(self, value: str) -> str:
        if re.fullmatch(self.pattern, value) is None:
            raise invalid(
                f"is not a valid {self.what}",
                allowed=f"like {self.example}",
                remedy=f"write it like {self.example}",
            )
        return value


@dataclass(frozen=True, kw_only=True)
class _OneOf:
    """A text out of a long list, with the nearest entry as the remedy."""

    known: Callable[[], list[str]]
    problem: Callable[[str], str | None]
    similar: Callable[[str], list[str]]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "enum": self.known()}

    def _checked(self, value: str) -> str:
        problem = self.problem(value)
        if problem is None:
            return value
        similar = self.similar(value)
        more = ", ..." if len(similar) > _SHOWN else ""
        known = self.known()
        prefixed = [name for name in known if name == f"ml.{value}"]
        close = prefixed or difflib.get_close_matches(value, known, n=1)
        raise invalid(
            problem,
            allowed=", ".join(similar[:_SHOWN]) + more,
            remedy=f"did you mean {close[0]}?" if close else "use one of these",
        )


_SHOWN: Final = 6


def _machine(purpose: Purpose) -> _OneOf:
    return _OneOf(
        known=lambda: instance_types(purpose),
        problem=lambda value: instance_type_problem(value, purpose),
        similar=lambda value: similar_instance_types(value, purpose),
    )


def _region_problem(value: str) -> str | None:
    return None if value in regions() else "SageMaker is not offered in such a region"


def _schedule(value: str) -> str:
    problem = schedule_problem(value)
    if problem:
        raise invalid(
            f"is not a valid EventBridge Scheduler expression: {problem}",
            allowed="cron(minute hour day-of-month month day-of-week year) or rate(n unit)",
            remedy="write for example cron(0 3 ? * MON *)",
        )
    return value


def _day(value: str) -> str:
    try:
        known = date.fromisoformat(value).isoformat() == value
    except ValueError:
        known = False
    if not known:
        raise invalid(
            "is not a calendar date",
            allowed='a day as year-month-day, in quotes, like "2012-01-31"',
            remedy="write the four digits of the year, the month and the day",
        )
    return value


def _literal(value: str) -> str:
    found = next((mark for mark in _REPLACED if mark in value), None)
    if found:
        raise invalid(
            f"contains {found}, which CloudFormation would replace by a value",
            allowed=f"text without {' and '.join(_REPLACED)}",
            remedy="write it without these signs",
        )
    return value


@cache
def _unique() -> AfterValidator:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise invalid(
                f"names {twice[0]!r} twice", allowed="each once", remedy="remove one of them"
            )
        return values

    return AfterValidator(check)


NAME_PATTERN: Final = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
LONGEST_NAME: Final = 24
_PRINTABLE: Final = r"[^\x00-\x1f\x7f]+"
_REPLACED: Final = ("${", "{{resolve:")
"""Beginnings of a template's placeholders and of its dynamic references."""
_TAG_TEXT: Final = r"[A-Za-z0-9 _.:/=+@-]"
# botocore's shape CustomerMetadataValue, whose spaces are no tabs and no line ends.
_METADATA_TEXT: Final = r"-\w.:/=+@"
_METADATA_LENGTH: Final = 256


@dataclass(frozen=True, kw_only=True)
class _Reserved:
    """A name in which no word of the platform's own stands; `words` is searched for them."""

    words: str
    reason: str
    allowed: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "not": {"pattern": self.words}}

    def _checked(self, value: str) -> str:
        found = re.search(self.words, value)
        if found is not None:
            raise invalid(
                f"{found[0].strip('-')} is reserved: {self.reason}",
                allowed=self.allowed,
                remedy="choose another name",
            )
        return value


UNIQUE: Final = (_unique(), Field(json_schema_extra={"uniqueItems": True}))

Name = Annotated[
    str,
    Field(max_length=LONGEST_NAME),
    _Form(pattern=NAME_PATTERN, what="name", example="bike-demand"),
]
ModelName = Annotated[
    Name,
    _Reserved(
        words=f"^({'|'.join(MODEL_NAMES)})$|-({'|'.join(PURPOSES)})(?=-|$)",
        reason="the platform's own names would cover this model's, or this model's theirs",
        allowed=f"a name without the words {', '.join(PURPOSES)} after its first, and none of "
        f"{', '.join(MODEL_NAMES)}",
    ),
]
ProjectName = Annotated[
    str,
    Field(max_length=12),
    # A hyphen would let project `a` with stage `b` and project `a-b` share every name.
    _Form(pattern=r"[a-z][a-z0-9]*", what="project name of one word", example="mlops"),
    _Reserved(
        words=f"^({'|'.join(PROJECT_NAMES)})$|^({'|'.join(PROJECT_BEGINNINGS)})",
        reason="AWS keeps names that begin so for itself",
        allowed=f"a name that does not begin with {' or '.join(PROJECT_BEGINNINGS)}, and none of "
        f"{', '.join(PROJECT_NAMES)}",
    ),
]
StageName = Annotated[
    str,
    Field(max_length=12),
    # A hyphen would let stage `a` of model `b-c` and stage `a-b` of model `c` share an endpoint.
    _Form(pattern=r"[a-z][a-z0-9]*", what="stage name", example="prod"),
    _Reserved(
        words=f"^({'|'.join(STAGE_NAMES)})$",
        reason="the delivery account's names have it where others have their stage",
        allowed=f"any name but {', '.join(STAGE_NAMES)}",
    ),
]
FieldName = Annotated[
    str,
    Field(max_length=64),
    _Form(pattern=r"[a-z][a-z0-9_]*", what="field name", example="temp_celsius"),
]
Text = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_literal)]
Line = Annotated[
    str,
    Field(max_length=200),
    _Form(pattern=_PRINTABLE, what="line of text", example="Data science"),
    AfterValidator(_literal),
]
AccountId = Annotated[
    str,
    _Form(pattern=r"[0-9]{12}", what="account id", example='"111111111111" (12 digits, in quotes)'),
]
OrganizationId = Annotated[
    str,
    # botocore's shape OrganizationId.
    _Form(
        pattern=r"o-[a-z0-9]{10,32}",
        what="id of an organization",
        example="o-exampleorgid, as `aws organizations describe-organization` shows it",
    ),
]
Region = Annotated[
    str,
    _OneOf(known=regions, problem=_region_problem, similar=lambda _: regions()),
]
ConnectionArn = Annotated[
    str,
    _Form(
        pattern=r"arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/"
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        what="ARN of a connection",
        example="the one that the console shows under Developer Tools, Connections",
    ),
]
SecretArn = Annotated[
    str,
    _Form(
        pattern=r"arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+",
        what="ARN of a secret",
        example="the one that Secrets Manager shows, with its six characters at the end",
    ),
]
EmailAddress = Annotated[
    str,
    Field(max_length=254),
    _Form(
        pattern=r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+",
        what="email address",
        example="ml-platform@example.com",
    ),
]
WorkspaceId = Annotated[
    str, _Form(pattern=r"[0-9A-Z]{1,255}", what="id of a Slack workspace", example="T07EA123LEP")
]
ChannelId = Annotated[
    str, _Form(pattern=r"[A-Z0-9]{9,11}", what="id of a Slack channel", example="C07EZ1ABC23")
]
RepositoryName = Annotated[
    str,
    Field(max_length=100),
    _Form(
        pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*",
        what="name of a repository",
        example="acme/sagemaker-mlops",
    ),
]
ImageReference = Annotated[
    str,
    Field(max_length=300),
    _Form(
        pattern=r"[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._-]*)*"
        r"(:[A-Za-z0-9_][A-Za-z0-9_.-]*(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})",
        what="image with a tag or a digest",
        example="111111111111.dkr.ecr.eu-west-1.amazonaws.com/mirror/python:3.13.15-slim-trixie",
    ),
]
BranchName = Annotated[
    str,
    Field(max_length=100),
    _Form(pattern=r"[A-Za-z0-9][A-Za-z0-9_./-]*", what="name of a branch", example="main"),
]
S3Uri = Annotated[
    str,
    # The registry's metadata carry it, too, and take less than S3 does: CustomerMetadataValue.
    Field(max_length=_METADATA_LENGTH),
    _Form(
        pattern=rf"s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]/[{_METADATA_TEXT}]+",
        what="S3 URI of an object, of letters, digits and _ . : / = + @ -",
        example="s3://bucket/folder/file.csv.gz",
    ),
]
Sha256 = Annotated[
    str,
    _Form(
        pattern=r"[0-9a-f]{64}",
        what="SHA-256 of a file",
        example="the one that `mlops data record` writes",
    ),
]
SamplePath = Annotated[
    str,
    Field(max_length=200),
    # Published, the file keeps its name, and the registry's metadata take no longer URI.
    _Form(
        pattern=r"(?!.*\.\.)(?!.*[^/]{141})[A-Za-z0-9_][A-Za-z0-9_./-]*",
        what="path below the folder, of names of at most 140 characters",
        example="data/a.csv.gz",
    ),
]
ProcessingInstanceType = Annotated[str, _machine("processing")]
TrainingInstanceType = Annotated[str, _machine("training")]
HostingInstanceType = Annotated[str, _machine("hosting")]
TransformInstanceType = Annotated[str, _machine("transform")]
Schedule = Annotated[
    str, AfterValidator(_schedule), WithJsonSchema({"type": "string", "pattern": SCHEDULE_PATTERN})
]
Day = Annotated[
    str,
    AfterValidator(_day),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
VpcId = Annotated[
    str, _Form(pattern=r"vpc-[0-9a-f]{8,17}", what="VPC id", example="vpc-0a1b2c3d4e5f67890")
]
SubnetId = Annotated[
    str,
    _Form(pattern=r"subnet-[0-9a-f]{8,17}", what="subnet id", example="subnet-0a1b2c3d4e5f67890"),
]
SecurityGroupId = Annotated[
    str,
    _Form(pattern=r"sg-[0-9a-f]{8,17}", what="security group id", example="sg-0a1b2c3d4e5f67890"),
]
PolicyName = Annotated[
    str,
    _Form(
        pattern=r"[A-Za-z0-9_+=,.@-]{1,128}",
        what="name of a managed policy, of at most 128 characters",
        example="developer-boundary",
    ),
]
TagKey = Annotated[
    str,
    _Form(
        pattern=rf"(?![Aa][Ww][Ss]:){_TAG_TEXT}{{1,128}}",
        what="tag key of at most 128 characters (the prefix aws: is reserved)",
        example="cost-center",
    ),
]
TagValue = Annotated[
    str,
    _Form(
        pattern=rf"{_TAG_TEXT}{{1,256}}",
        what="tag value of at most 256 characters (some resources take no empty one)",
        example="research",
    ),
]
Hyperparameter = Annotated[
    str,
    _Form(
        pattern=r"[a-z][a-z0-9_]{0,63}",
        what="hyper-parameter's name of at most 64 characters",
        example="learning_rate",
    ),
]
MetadataKey = Annotated[
    str,
    _Form(
        pattern=r"[A-Za-z0-9_.:/=+@-]{1,128}",
        what="metadata key of at most 128 characters",
        example="use-case",
    ),
]
MetadataValue = Annotated[
    str,
    _Form(
        pattern=rf"[{_METADATA_TEXT} ]{{1,{_METADATA_LENGTH}}}",
        what=f"metadata value: 1 to {_METADATA_LENGTH} letters, digits, spaces and _ . : / = + @ -",
        example="team rides",
    ),
]
MetricNamespace = Annotated[
    str,
    # CloudWatch's limit; AWS/ is reserved for services, Mlops/ for this platform.
    _Form(
        pattern=r"(?!/*([Aa][Ww][Ss]|[Mm][Ll][Oo][Pp][Ss])/)[A-Za-z0-9_./#:-]{1,255}",
        what="metric namespace of your own, of at most 255 characters",
        example="Bikes/Serving",
    ),
]
Ratio = Annotated[float, Field(gt=0, lt=1)]
