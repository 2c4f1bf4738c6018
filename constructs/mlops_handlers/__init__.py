"""Lambda code; each module reacts to one event with the standard library and boto3."""
