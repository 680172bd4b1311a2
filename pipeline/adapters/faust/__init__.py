"""Everything that knows Faust: its worker, our corrections of it, notes in its commits, and its watchdog."""
