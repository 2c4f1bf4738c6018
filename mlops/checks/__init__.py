"""What must be true before and after a stage is deployed: small programs that a person can run.

They need the standard library, boto3 and `mlops.rollout`, so that the same code runs by hand and in
the stage's own account and network. Nothing here imports boto3 until a check is run: synthesis
writes the plan with these classes.
"""
