"""Holds parts of an import: what was asked for, what is read, how it is stopped, and what was sent before."""
