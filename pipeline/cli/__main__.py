"""`python -m pipeline.cli`: the same as `earshot`."""

from pipeline.cli import main

main()
