"""`python -m qsb`."""

from qsb.cli import main

main()
