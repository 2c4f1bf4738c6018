"""Scores a file as a stage's batch pipeline would: found, answered, joined, captured, judged."""

from mlops.rehearsal.batch.rehearsal import Wishes, rehearse_batch
from mlops.rehearsal.batch.results import BatchRehearsal

__all__ = ["BatchRehearsal", "Wishes", "rehearse_batch"]
