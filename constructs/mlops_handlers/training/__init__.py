"""Functions of the training pipeline's steps, and what starts a retraining."""
