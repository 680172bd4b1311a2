"""Faust: the worker, corrections of the library, notes in its commits, its watchdog."""
