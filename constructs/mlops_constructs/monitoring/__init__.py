"""The drift job, its alarms and events, and the weekly report."""
