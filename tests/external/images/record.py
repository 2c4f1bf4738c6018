"""What the containers of one run executed."""


class Record:
    """Every entry point that ran to its end, and under which Python; a plugin of pytest."""

    def __init__(self) -> None:
        self.entrypoints: set[str] = set()
        self.pythons: set[str] = set()

    def summary(self) -> str:
        """The versions and the number of entry points."""
        pythons = " and ".join(sorted(self.pythons))
        return f"python {pythons}, {len(self.entrypoints)} entrypoints"
