"""What everything that a release command refuses has in common."""


class ReleaseError(Exception):
    """Something a person can fix; the text says what, where and how."""


class TransientError(ReleaseError):
    """Something that may be otherwise in a moment: a race with somebody else, or the network."""
