"""The tiny model answers in server.py."""
