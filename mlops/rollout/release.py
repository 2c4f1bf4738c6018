"""The identity of a release: equal settings, equal name, anywhere and at any time.

Alarms, the endpoint config and the release check meet by this name, without referring to each
other.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

RELEASE_TAG: Final = "mlops:release"
"""Tag of an endpoint config that says which release it is."""
ENDPOINT_TAG: Final = "mlops:endpoint"
"""Tag of models and endpoint configs that says whose they are."""
_DIGITS: Final = 12


def release_hash(settings: Mapping[str, object]) -> str:
    """Twelve hexadecimal digits over everything that makes a release; the order of keys is nothing.

    Raises:
        TypeError: a setting is not a JSON value, so that two runs could write it differently.
        ValueError: a number is not finite.
    """
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
