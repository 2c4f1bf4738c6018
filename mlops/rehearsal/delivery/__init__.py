"""Rehearse the delivery: approval, commit, pipeline, canaries, and a bad version's way back."""

from mlops.rehearsal.delivery.rehearsal import Wishes, expected_endings, rehearse_delivery
from mlops.rehearsal.delivery.results import DeliveryRehearsal

__all__ = ["DeliveryRehearsal", "Wishes", "expected_endings", "rehearse_delivery"]
