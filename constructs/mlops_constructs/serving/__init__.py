"""The endpoint: what it serves, its capacity, its callers, and its alarms on call."""
