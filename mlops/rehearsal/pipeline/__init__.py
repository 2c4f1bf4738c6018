"""Executes a synthesized pipeline definition: its order, its expressions, its gates, its cache."""
