"""What every model promises, and what those of this repository do beyond it."""

from example_promises import *  # noqa: F403 - the promises are the tests
from model_promises import *  # noqa: F403 - the promises are the tests
