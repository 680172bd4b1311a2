"""Collects what an audit judges from manifests, topics and tables."""
