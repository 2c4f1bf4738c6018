"""What must hold in every finished template, checked at each synthesis.

The rules are pure functions over template JSON and import no CDK; only `plugin` and `nist` do.
"""
