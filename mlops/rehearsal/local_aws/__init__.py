"""What stands for the cloud on this machine: jobs, functions, storage, the values of templates.

Nothing is imported here, because modules of this package also run as programs of their own and
must start quickly.
"""
