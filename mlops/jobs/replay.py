"""Answer requests with the code of an archive, in a process of its own.

Reads one JSON object a line from standard input, {"request": text, "content_type": ...}, and
writes {"answer": ...} for each. Standard library only, and nothing of the folder it stands in: a
version that was approved long ago must answer with its own modules, not with ours.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Replace our folder on the path by the archive's, then answer."""
    archive = Path(sys.argv[1])
    sys.path[0] = str(archive / "code")
    inference = importlib.import_module("inference")
    model = inference.model_fn(str(archive))
    for line in sys.stdin:
        case = json.loads(line)
        request = inference.input_fn(case["request"], case["content_type"])
        answer = inference.output_fn(inference.predict_fn(request, model), "application/json")
        sys.stdout.write(json.dumps({"answer": json.loads(answer)}) + "\n")


if __name__ == "__main__":
    main()
