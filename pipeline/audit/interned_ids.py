"""Numbers names, so that the text of each id is kept once and everything else counts in integers.

Ids of posts, events, cases and assignments become small numbers, and the report turns the numbers into names
again. The identity of a post (workspace, post_id, revision) is one 64-bit number, in which 20 bits of revision
follow the number of the post.
"""

from schemas.posts.raw import MAX_REVISION

_REVISION_BITS = MAX_REVISION.bit_length()


class Names:
    """Gives each name a number in the order of first sight, at about 200 bytes a name."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def number(self, name: str) -> int:
        """Returns the number of a name, which is a new one at first sight."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    def name(self, number: int) -> str:
        """Returns the name that has this number."""
        return self._names[number]

    def post(self, workspace: str, post_id: str, revision: int) -> int:
        """Returns the number of one revision of a post."""
        return self.number(f"{workspace}/{post_id}") << _REVISION_BITS | revision

    def post_name(self, number: int) -> str:
        """Returns `<workspace>/<post_id>`, followed by `@<revision>` unless it is the first revision."""
        name, revision = self._names[number >> _REVISION_BITS], number & MAX_REVISION
        return f"{name}@{revision}" if revision else name

    def assignment(self, case_id: str, attempt: int, state: str, update: int = 0) -> int:
        """Returns the number of the assignment record (case_id, attempt, state, update)."""
        # Update 0 is the first record of a state, and it keeps the short name in reports.
        name = f"{case_id}#{attempt}/{state}"
        return self.number(f"{name}/{update}" if update else name)

    def gauge(self, workspace: str, kind: str, name: str, at_ms: int) -> int:
        """Returns the number of what was told of a queue or a rep at a time."""
        return self.number(f"{kind} {workspace}/{name} at {at_ms}")


def post_of(number: int) -> int:
    """Returns the number of the post, whatever its revision."""
    return number >> _REVISION_BITS


def workspace_of(post_name: str) -> str:
    """Returns the workspace in the name of a post. A workspace holds no slash."""
    return post_name.split("/", 1)[0]
