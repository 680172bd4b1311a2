"""Notices what has happened to cases and reps since somebody looked."""

from pipeline.route.state.entities import Rep


class Noticed:
    """What has happened since somebody looked last. What is undone must be cleared and not looked at."""

    __slots__ = ("reps", "taken")

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        """Workspace and queue of each case that a rep has taken up."""
        self.reps: dict[tuple[str, str], None] = {}
        """Workspace and id of each rep whose presence, capacity or teams have changed, in order."""

    def clear(self) -> None:
        """Forgets all of it."""
        self.taken.clear()
        self.reps.clear()

    def rep_changed(self, workspace: str, rep_id: str, old: Rep | None, new: Rep | None) -> None:
        """Takes one change of a rep."""
        # Field by field, because most changes are of the last offer alone, and come with each offer.
        if (
            old is None
            or new is None
            or old.signed_in != new.signed_in
            or old.available != new.available
            or old.not_responding != new.not_responding
            or old.capacity != new.capacity
            or old.teams != new.teams
        ):
            self.reps[workspace, rep_id] = None
