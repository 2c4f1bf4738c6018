"""What every model promises, kept by this one."""

from model_promises import *  # noqa: F403 - the promises are the tests
