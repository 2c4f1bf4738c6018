"""Functions around the drift job, and the weekly report."""
