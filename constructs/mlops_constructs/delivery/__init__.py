"""The pipeline that takes a commit to every stage, and the automation of releases."""
