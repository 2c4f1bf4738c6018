"""From a model's folder to a guarded SageMaker endpoint, proved on one machine first."""
