"""Decides what the registry and the stages ask for, and commits it."""
