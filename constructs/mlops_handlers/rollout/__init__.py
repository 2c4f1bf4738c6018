"""Functions around a release: prober, release check, rollback report, janitor."""
