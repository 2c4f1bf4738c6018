"""Functions of the batch pipeline's steps."""
