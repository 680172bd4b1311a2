"""Reads single values of an export: ids, numbers, times, words and texts, as exports write them."""
