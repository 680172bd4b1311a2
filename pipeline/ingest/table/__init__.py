"""Exports in CSV and its relatives: cells, columns, rows."""
