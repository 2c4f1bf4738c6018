"""The tiny model answers in serve.py."""
