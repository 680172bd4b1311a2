"""Holds what an audit judges, with the hops of one subject in each module."""
