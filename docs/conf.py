"""Settings of the documentation: Sphinx reads the pages as MyST, the docstrings as numpydoc."""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "routematch"
author = "the routematch contributors"
copyright = author
version = release = installed_version("routematch")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "reference_pages",  # beside this file: writes one page per rung of the ladder
]
exclude_patterns = ["_build"]

# Links to other projects need their inventories from the net; without it the same pages build without these links.
if os.environ.get("ROUTEMATCH_DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
    }

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "literal"  # `name` in a docstring is code
add_module_names = False
autodoc_default_options = {"no-value": True}  # a registry is shown as a table, not as a dict of classes
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the types stand in the Parameters sections, in words that carry units and shapes
numpydoc_show_class_members = False  # autodoc lists them once already

nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|scipy|networkx|attrs|cattrs|collections|typing|datetime|concurrent)\..*"),  # other projects
]

html_theme = "furo"
html_title = f"routematch {version}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
