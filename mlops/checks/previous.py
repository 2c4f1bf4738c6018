"""Whether the stage before has proved the version that is about to move on."""

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.deployment import Candidate, Move
from mlops.checks.result import Finding, failed, passed
from mlops.rollout.record import ReleaseRecord
from mlops.rollout.verdict import Outcome


def proven(candidate: Candidate, before: Clients | None, move: Move) -> Finding:
    """The release record of the stage before names this very version, and calls it healthy."""
    if before is None or candidate.proof is None:
        return passed("the first stage has none before it")
    if move is Move.NONE:
        return passed(f"version {candidate.version} runs here already")
    if move is Move.BACK:
        return passed(f"version {candidate.version} is the way back")
    text = _parameter(before, candidate.proof)
    if text is None:
        return passed(f"{candidate.proof} does not exist: no release was judged there yet")
    try:
        return _judged(candidate, ReleaseRecord.from_json(text))
    except ValueError as error:
        return failed(f"{candidate.proof}: {error}")


def _judged(candidate: Candidate, record: ReleaseRecord) -> Finding:
    if record.version != candidate.version:
        return failed(
            f"{record.stage} was last asked for version {record.version}, not for "
            f"{candidate.version}; remedy: release {candidate.version} there first"
        )
    if record.outcome != str(Outcome.HEALTHY):
        reasons = "; ".join(record.reasons)
        return failed(f"version {record.version} is {record.outcome} in {record.stage}: {reasons}")
    return passed(f"version {record.version} is healthy in {record.stage} since {record.time}")


def _parameter(clients: Clients, name: str) -> str | None:
    try:
        value: str = clients("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    return value
