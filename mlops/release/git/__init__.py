"""The checkout whose commits release, and its remote."""
