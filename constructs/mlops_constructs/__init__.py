"""Specs turned into resources, one construct a file.

Nothing is imported here: the handlers live in this package too, and run where there is no CDK.
"""
