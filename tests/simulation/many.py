"""Plays many days on every processor."""

import os
import subprocess
import sys


def play_all(first: int, behind: int, at_once: int) -> None:
    """Plays the days of [first, behind), each process so many of them.

    Raises:
        AssertionError: a day is damaged; with its story.
    """
    waiting = list(range(first, behind, at_once))
    running: list[subprocess.Popen[str]] = []
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                start = waiting.pop(0)
                command = [sys.executable, "-m", "tests.simulation", str(start), str(min(start + at_once, behind))]
                running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            said = running[0].communicate()[0]
            assert running.pop(0).returncode == 0, said
    finally:
        for process in running:
            process.kill()
            process.wait()
