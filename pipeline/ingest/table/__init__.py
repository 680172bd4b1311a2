"""Reads exports in CSV and its relatives as cells, columns and rows."""
