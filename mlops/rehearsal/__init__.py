"""The second interpreter: executes what was synthesized, on this machine.

Entry point: `mlops.rehearsal.pipeline_run.rehearse_pipeline`. Nothing is imported here, because two
modules of this package also run as programs of their own and must start quickly.
"""
