"""Model packages, who may decide about them, and the events of their decisions."""
