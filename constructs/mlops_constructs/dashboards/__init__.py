"""CloudWatch dashboards of a model, a fleet and its trainings."""
