"""Lets `python -m mlops.cli` do what the installed command does."""

from mlops.cli import main

main()
