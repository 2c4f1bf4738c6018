"""What must be true before and after a stage is deployed, asked by a build."""
