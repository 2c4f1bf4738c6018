"""What a registry refuses, told to the person who asked."""

from typing import Final, Self

_MODEL: Final = "<model>"


class RegistryError(Exception):
    """A call that the registry refused, told to the person who made it."""

    def of(self, model: str) -> Self:
        """The same, told with the model's name, which a group alone does not say."""
        return type(self)(str(self).replace(_MODEL, model))


class MissingGroupError(RegistryError):
    """There is no group, because nothing was registered yet."""

    @classmethod
    def named(cls, what: str) -> Self:
        """The group that is missing, and what makes it."""
        return cls(
            f"{what}: does not exist, nothing was registered yet; remedy: "
            f"`mlops rehearse pipeline {_MODEL}` registers a version on this machine; on AWS "
            "deploy the training stage and start its pipeline"
        )


class StoreBusyError(RegistryError):
    """Another process holds the local registry for longer than a write can take."""


class BrokenRecordError(RegistryError):
    """A file of the local registry that holds no record; the text names it and what to do."""
