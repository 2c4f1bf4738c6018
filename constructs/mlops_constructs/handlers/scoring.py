"""Whether an answer is the recorded one, number by number."""

from collections.abc import Mapping, Sequence

from mlops_constructs.handlers.contract import Tolerance


def agrees(answer: object, recorded: object, tolerance: Tolerance) -> bool:
    """Equal in shape and text, and close in every number; a boolean is no number."""
    if isinstance(recorded, Mapping):
        return (
            isinstance(answer, Mapping)
            and answer.keys() == recorded.keys()
            and all(agrees(answer[key], recorded[key], tolerance) for key in recorded)
        )
    if isinstance(recorded, Sequence) and not isinstance(recorded, str):
        return (
            isinstance(answer, Sequence)
            and not isinstance(answer, str)
            and len(answer) == len(recorded)
            and all(agrees(a, r, tolerance) for a, r in zip(answer, recorded, strict=True))
        )
    if _is_number(answer) and _is_number(recorded):
        return _is_close(float(str(answer)), float(str(recorded)), tolerance)
    return type(answer) is type(recorded) and answer == recorded


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_close(answer: float, recorded: float, tolerance: Tolerance) -> bool:
    # A NaN is close to nothing, so a model that answers NaN is wrong.
    return abs(answer - recorded) <= max(tolerance.absolute, tolerance.relative * abs(recorded))
