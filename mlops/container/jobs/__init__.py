"""What the jobs and the serving of every model share; travels in every archive as `jobs`.

Nothing here knows a model, and nothing here imports the rest of the platform: a version in the
registry answers and is judged with the copy that it was packed with. Imports are relative, because
the package has one name in the repository and another in an archive.
"""
