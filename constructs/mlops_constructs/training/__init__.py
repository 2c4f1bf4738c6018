"""A model's training pipeline, its roles and functions, and what starts it."""
