"""What everything that goes wrong in a rehearsal has in common."""


class RehearsalError(Exception):
    """Something a person can fix; the text says what and where, so no traceback is needed."""
