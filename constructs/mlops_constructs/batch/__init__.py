"""Scoring files: the pipeline, its roles, its start and its alarms."""
