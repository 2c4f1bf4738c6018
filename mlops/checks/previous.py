"""Whether the stage before has proved the version that is about to move on.

Its record is another account's word. It is believed as far as it is of that stage, of this version,
and agrees with itself; what the version does here is judged here again.
"""

from datetime import UTC, datetime

from botocore.exceptions import ClientError

from mlops.checks.clients import Clients
from mlops.checks.deployment import Candidate, Move, Proof
from mlops.checks.result import Finding, failed, passed
from mlops.rollout.record import ReleaseRecord
from mlops.rollout.record_checks import Subject, contradictions
from mlops.rollout.verdict import Outcome


def proven(candidate: Candidate, before: Clients | None, move: Move) -> Finding:
    """The release record of the stage before names this very version, and calls it healthy."""
    if before is None or candidate.proof is None:
        return passed("the first stage has none before it")
    if move is Move.NONE:
        return passed(f"version {candidate.version} runs here already")
    if move is Move.BACK:
        return passed(f"version {candidate.version} is the way back")
    place = candidate.proof.parameter
    text = _parameter(before, place)
    if text is None:
        return passed(f"{place} does not exist: no release was judged there yet")
    try:
        return _judged(candidate, candidate.proof, ReleaseRecord.from_json(text))
    except ValueError as error:
        return failed(f"{place}: {error}")


def _judged(candidate: Candidate, proof: Proof, record: ReleaseRecord) -> Finding:
    if record.version != candidate.version:
        return failed(
            f"{proof.stage} was last asked for version {record.version}, not for "
            f"{candidate.version}; remedy: release {candidate.version} there first"
        )
    wrong = _contradictions(candidate, proof, record)
    if wrong:
        return failed(
            f"{proof.parameter}: is not believed: {wrong}; remedy: find out who wrote it, and "
            f"release {candidate.version} in {proof.stage} again"
        )
    if record.outcome != str(Outcome.HEALTHY):
        reasons = "; ".join(record.reasons)
        return failed(f"version {record.version} is {record.outcome} in {record.stage}: {reasons}")
    return passed(f"version {record.version} is healthy in {record.stage} since {record.time}")


def _contradictions(candidate: Candidate, proof: Proof, record: ReleaseRecord) -> str:
    subject = Subject(
        endpoint=proof.endpoint,
        packages=candidate.package.removesuffix(str(candidate.version)),
        alarms=proof.alarms,
    )
    found = contradictions(record, subject, now=datetime.now(UTC))
    if (record.stage, record.model) != (proof.stage, candidate.model):
        found = (f"it is the record of {record.model} in {record.stage}", *found)
    return "; ".join(found)


def _parameter(clients: Clients, name: str) -> str | None:
    try:
        value: str = clients("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    return value
