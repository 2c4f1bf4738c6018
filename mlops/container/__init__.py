"""What runs inside a model's image: the jobs, the server and the drift engine.

The packages are packed into each model's archive under their own names. They import one another
relatively, or by the name that they have in the archive.
"""
