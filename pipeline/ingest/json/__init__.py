"""Cuts JSON exports of every usual layout into their entries."""
