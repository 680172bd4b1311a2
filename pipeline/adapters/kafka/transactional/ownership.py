"""Decides which partition numbers a member may own, and whether a state that it kept is still true."""

from collections.abc import Iterable, Sequence


def complete(
    places: Iterable[tuple[str, int]], inputs: Sequence[str]
) -> tuple[list[int], dict[int, tuple[str, ...]]]:
    """Splits an assignment of (topic, partition) by number.

    A group whose members read different inputs (two releases side by side) may give `c/3` to one and `a/3`,
    `b/3` to another. Both would use the transactional id of 3 and fence each other in turns.

    Returns:
        The numbers that came with every input, ascending, and each other number with the inputs that it lacks.
    """
    topics: dict[int, set[str]] = {}
    for topic, number in places:
        topics.setdefault(number, set()).add(topic)
    missing = {
        number: tuple(name for name in inputs if name not in assigned)
        for number, assigned in sorted(topics.items())
    }
    whole = [number for number, lacking in missing.items() if not lacking]
    return whole, {number: lacking for number, lacking in missing.items() if lacking}


def still_true(written_to: int | None, end: int) -> bool:
    """Whether a state that was kept while its partition number was away may be used again.

    Every transaction of every owner writes to the changelog. So nobody has decided anything meanwhile exactly when
    the changelog still ends where this owner left it. Ask for `end` only after `init_transactions`, because from
    then on no former owner can add anything.

    Args:
        written_to: the end of the changelog that the state reflects, markers included; None if unknown.
        end: the end of the changelog now, as a read_uncommitted reader sees it.
    """
    return written_to is not None and written_to == end
