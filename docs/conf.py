"""Sphinx: `python -m sphinx -W docs docs/_build`; the pages also read well as plain Markdown."""

from importlib.metadata import version as installed
from pathlib import Path

project = "qsb"
author = "The qsb developers"
version = release = installed("qsb")
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
html_theme = "pydata_sphinx_theme"
html_sidebars = {"**": []}  # the pages are one flat list, which the header has
exclude_patterns = ["_build"]


def make_gallery(app):
    """Recompute the papers, so that every number and figure of the gallery comes from this state of the code."""
    from qsb.report import gallery

    gallery(Path(app.srcdir) / "gallery")


def setup(app):
    app.connect("builder-inited", make_gallery)
