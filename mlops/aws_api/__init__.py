"""AWS's own model of its API, as botocore ships it: the one judge of every request made here."""
