"""Specs turned into resources, one construct a file."""
