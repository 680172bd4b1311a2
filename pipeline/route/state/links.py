"""Links from a name to others, such as from a contact to the cases of it.

Nearly every name leads to one other, and a set is large. Only a name that leads to several has a set of them.
"""

OneOrMore = dict[str, str | set[str]]


def add_all(index: OneOrMore, names: tuple[str, ...], value: str) -> None:
    """Lets each of the names lead to the value as well."""
    for name in names:
        add_one(index, name, value)


def remove_all(index: OneOrMore, names: tuple[str, ...], value: str) -> None:
    """Lets none of the names, which all did, lead to the value any more."""
    for name in names:
        remove_one(index, name, value)


def add_one(index: OneOrMore, name: str, value: str) -> None:
    """Lets the name lead to the value as well."""
    found = index.get(name)
    if found is None:
        index[name] = value
    elif isinstance(found, str):
        index[name] = {found, value}
    else:
        found.add(value)


def remove_one(index: OneOrMore, name: str, value: str) -> None:
    """Lets the name, which did, lead to the value no more."""
    found = index[name]
    if isinstance(found, str):
        del index[name]
        return
    found.remove(value)
    if len(found) == 1:
        index[name] = found.pop()


def names_of(index: OneOrMore, name: str) -> list[str]:
    """Returns to what the name leads, sorted."""
    found = index.get(name)
    if found is None:
        return []
    return [found] if isinstance(found, str) else sorted(found)
