"""Lets `python -m pipeline.cli` do the same as `earshot`."""

from pipeline.cli import main

main()
