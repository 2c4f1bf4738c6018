"""The second interpreter: executes what was synthesized, on this machine.

One folder for each rehearsal: `pipeline`, `canary`, `delivery`, `drift`, `batch`. All of them stand
on `local_aws`. Nothing is imported here, because some modules below also run as programs of their
own and must start quickly.
"""
