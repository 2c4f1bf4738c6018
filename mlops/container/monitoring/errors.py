"""What stops an analysis: a file or a setting that cannot be used, never a captured line."""


class MonitoringError(ValueError):
    """Names the file, the key and the value, what is allowed, and what to do."""
