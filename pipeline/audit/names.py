"""Numbers for names: each id's text is kept once, everything else counts in integers.

In: ids of posts, events, cases, assignments. Out: small numbers and, for the report, the names again. A post's
identity (workspace, post_id, revision) is one 64-bit number: the post's number, then 20 bits of revision.
"""

from schemas.posts.raw import MAX_REVISION

_REVISION_BITS = MAX_REVISION.bit_length()


class Names:
    """Gives each name a number, in the order of first sight; about 200 bytes a name."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def number(self, name: str) -> int:
        """The number of a name, a new one at first sight."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    def name(self, number: int) -> str:
        """The name of a number."""
        return self._names[number]

    def post(self, workspace: str, post_id: str, revision: int) -> int:
        """The number of one revision of a post."""
        return self.number(f"{workspace}/{post_id}") << _REVISION_BITS | revision

    def post_name(self, number: int) -> str:
        """`<workspace>/<post_id>`, and `@<revision>` where it is not the first."""
        name, revision = self._names[number >> _REVISION_BITS], number & MAX_REVISION
        return f"{name}@{revision}" if revision else name

    def assignment(self, case_id: str, attempt: int, state: str, update: int = 0) -> int:
        """The number of the assignment record (case_id, attempt, state, update)."""
        name = f"{case_id}#{attempt}/{state}"
        return self.number(f"{name}/{update}" if update else name)


def post_of(number: int) -> int:
    """The number of the post, whatever its revision."""
    return number >> _REVISION_BITS


def workspace_of(post_name: str) -> str:
    """The workspace of a post's name; a workspace has no slash."""
    return post_name.split("/", 1)[0]
