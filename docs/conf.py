"""Sphinx: `python -m sphinx -W docs docs/_build`; the pages also read well as plain Markdown."""

from importlib.metadata import version as installed

project = "qsb"
author = "The qsb developers"
version = release = installed("qsb")
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
html_theme = "pydata_sphinx_theme"
exclude_patterns = ["_build"]
