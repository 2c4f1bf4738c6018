"""How a hyper-parameter is called as a parameter of the pipeline."""


def camel_case(name: str) -> str:
    """The parameter's name of a hyper-parameter: `max_depth` becomes MaxDepth."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
