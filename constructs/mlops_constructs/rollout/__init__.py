"""What watches a release: rollback alarms, prober, release check, report of a rollback."""
