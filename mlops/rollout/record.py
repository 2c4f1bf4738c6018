"""How a stage's last deployment of a model went, as one small JSON object that outlives it.

The record is the state that the release automation decides from; the events below only wake it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from mlops.rollout.fleets import Fleets, FleetSums
from mlops.rollout.verdict import Outcome

EVENT_SOURCE: Final = "mlops.releases"
"""Source of the events that carry a record over the delivery bus."""
ROLLED_BACK: Final = "Mlops Release Rolled Back"
"""Detail type where the outcome is unhealthy."""
INCONCLUSIVE: Final = "Mlops Release Inconclusive"
"""Detail type where the outcome is inconclusive."""
MAX_CHARACTERS: Final = 4096
"""What a parameter of Systems Manager's standard tier holds."""
_SCHEMA: Final = 1
_OUTCOMES: Final = tuple(str(outcome) for outcome in Outcome)
_CAUSES: Final = ("model", "infrastructure", "unknown")
_CUT: Final = "..."
_SAGEMAKER_SAYS: Final = "SageMaker says: "
_FLEETS: Final = ("new", "old")


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """What was asked for, what came of it and why."""

    stage: str
    model: str
    endpoint: str
    release: str
    """Hash of the release that was asked for."""
    package: str
    """ARN of its model package."""
    version: int
    """Number of that package."""
    deployment: str
    """Name of the endpoint config that was attempted: one deployment, one name."""
    outcome: str
    cause: str | None
    """Whose fault it was: model, infrastructure or unknown; None where all is well."""
    reasons: tuple[str, ...]
    red_alarms: tuple[str, ...]
    canary_invocations: int | None
    """None where nobody knows."""
    live_version: int | None
    """What the endpoint runs now; None where that cannot be told."""
    time: str
    """Moment of the verdict, in ISO 8601 with its offset from UTC."""
    fleets: Fleets | None = None
    """What both fleets showed; None where nobody knows, or nobody had to ask."""

    @property
    def blames_the_model(self) -> bool:
        """Whether the record claims that the version itself failed; a reader checks the claim."""
        return self.outcome == str(Outcome.UNHEALTHY) and self.cause == "model"

    @property
    def moment(self) -> datetime:
        """The time of the verdict, with its offset."""
        return datetime.fromisoformat(self.time)

    @property
    def failure_reason(self) -> str:
        """SageMaker's own words among the reasons; empty where it had none."""
        said = (one for one in self.reasons if one.startswith(_SAGEMAKER_SAYS))
        return " ".join(one.removeprefix(_SAGEMAKER_SAYS) for one in said)

    def to_json(self) -> str:
        """Equal records, equal text. Where it is too long, the last reasons are cut or dropped.

        Raises:
            ValueError: it does not fit without any reason and red alarm either.
        """
        record, text = self, _written(self)
        while len(text) > MAX_CHARACTERS:
            record = _shortened(record, by=len(text) - MAX_CHARACTERS)
            text = _written(record)
        return text

    @classmethod
    def from_json(cls, text: str) -> "ReleaseRecord":
        """The record that was written.

        Raises:
            ValueError: the text is not a record; the message names what is wrong.
        """
        found = _object(text)
        return cls(
            stage=_text(found, "stage"),
            model=_text(found, "model"),
            endpoint=_text(found, "endpoint"),
            release=_text(found, "release"),
            package=_text(found, "package"),
            version=_number(found, "version", least=1),
            deployment=_text(found, "deployment"),
            outcome=_word(found, "outcome", _OUTCOMES),
            cause=None if found.get("cause") is None else _word(found, "cause", _CAUSES),
            reasons=_texts(found, "reasons"),
            red_alarms=_texts(found, "red_alarms"),
            canary_invocations=_number_or_none(found, "canary_invocations"),
            live_version=_number_or_none(found, "live_version", least=1),
            time=_moment(found, "time"),
            fleets=_fleets(found, "fleets"),
        )


def quoted_failure(failure_reason: str) -> tuple[str, ...]:
    """SageMaker's words as a record's reasons quote them; nothing where it said nothing."""
    return (f"{_SAGEMAKER_SAYS}{failure_reason}",) if failure_reason else ()


def _written(record: ReleaseRecord) -> str:
    text = json.dumps({"schema": _SCHEMA, **asdict(record)}, sort_keys=True, separators=(",", ":"))
    # Systems Manager takes two braces for a reference to another parameter and refuses the value.
    return text.replace("{{", r"{\u007b")


def _shortened(record: ReleaseRecord, *, by: int) -> ReleaseRecord:
    """The record with the last of its reasons cut, or gone; each character counts once at least."""
    if record.reasons:
        *others, last = record.reasons
        kept = len(last) - by - len(_CUT)
        cut = (f"{last[:kept]}{_CUT}",) if kept > 0 else ()
        return replace(record, reasons=(*others, *cut))
    if record.red_alarms:
        return replace(record, red_alarms=record.red_alarms[:-1])
    raise ValueError(
        f"release record of {record.model:.63} in {record.stage:.63}: its names alone are longer "
        f"than {MAX_CHARACTERS} characters"
    )


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"got {type(found).__name__}; allowed: a JSON object")  # noqa: TRY004  # one error for all
    if found.get("schema") != _SCHEMA:
        raise _wrong(found, "schema", str(_SCHEMA))
    return found


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    if not isinstance(value, str):
        raise _wrong(found, key, "a text")
    return value


def _texts(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = found.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _wrong(found, key, "a list of texts")
    return tuple(values)


def _word(found: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = _text(found, key)
    if value not in allowed:
        raise _wrong(found, key, ", ".join(allowed))
    return value


def _number(found: Mapping[str, Any], key: str, *, least: int = 0) -> int:
    value = _number_or_none(found, key, least=least)
    if value is None:
        raise _wrong(found, key, f"a whole number from {least}")
    return value


def _number_or_none(found: Mapping[str, Any], key: str, *, least: int = 0) -> int | None:
    value = found.get(key)
    if value is not None and (type(value) is not int or value < least):
        raise _wrong(found, key, f"a whole number from {least}")
    return value


def _fleets(found: Mapping[str, Any], key: str) -> Fleets | None:
    value = found.get(key)
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(value.get(one), dict) for one in _FLEETS):
        raise _wrong(found, key, f"an object with {' and '.join(_FLEETS)}")
    sums = {
        fleet: FleetSums(**{one.name: _sum(value[fleet], one.name) for one in fields(FleetSums)})
        for fleet in _FLEETS
    }
    return Fleets(**sums)


def _sum(found: Mapping[str, Any], key: str) -> float:
    value = found.get(key)
    if type(value) not in (int, float):
        raise _wrong(found, key, "a number")
    try:
        number = float(value)  # type: ignore[arg-type]  # one of the two types above
    except OverflowError:
        number = math.inf
    if not 0 <= number < math.inf:
        raise _wrong(found, key, "a finite number from 0")
    return number


def _moment(found: Mapping[str, Any], key: str) -> str:
    value = _text(found, key)
    try:
        offset = datetime.fromisoformat(value).utcoffset()
    except ValueError:
        offset = None
    if offset is None:
        raise _wrong(found, key, "a moment in ISO 8601 with an offset from UTC")
    return value


def _wrong(found: Mapping[str, Any], key: str, allowed: str) -> ValueError:
    got = repr(found[key]) if key in found else "nothing"
    return ValueError(f"{key}: got {got:.80}; allowed: {allowed}")
