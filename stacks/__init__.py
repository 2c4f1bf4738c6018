"""What is deployed together: one file per CloudFormation stack, composition only."""
