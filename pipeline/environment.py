"""Which variables of the environment are settings, and what is wrong with those that are not.

In: the class of the settings and the environment. Out: `(variable, what is wrong)`, never a value. Never here:
what a setting means, reading one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import get_args, get_origin

from pydantic import BaseModel, SecretStr

from pipeline.mistakes import did_you_mean

PREFIX = "EARSHOT_"
DELIMITER = "__"
PARENT_FD = "EARSHOT_PARENT_FD"
"""The descriptor of the supervisor's pipe: a word between supervisor and worker, not a setting."""
NOT_SETTINGS = frozenset({PARENT_FD})
"""What Earshot's own processes tell each other."""
_SERVICE_LINK = re.compile(
    r"_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
)
"""Ends of the variables that Kubernetes sets in every pod of a namespace for each Service in it: a Service that is
called earshot-route must not stop the stages. Source: kubernetes.io, Services, Environment variables."""
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")
"""What a link's variable `<SERVICE>_PORT` begins with."""

Finding = tuple[str, str]
"""A variable, and what is wrong with it."""


@dataclass
class Known:
    """The variables of a class of settings."""

    plain: set[str] = field(default_factory=set)
    """Set one value each."""
    json: dict[str, str] = field(default_factory=dict)
    """Take JSON: an example of its shape."""
    open: set[str] = field(default_factory=set)
    """Beginnings of variables that end with a name of the operator's choice, such as a language."""
    secret: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, model: type[BaseModel], prefix: str = PREFIX) -> "Known":
        """Collects the variables of a class and of its sections."""
        found = cls()
        for name, info in model.model_fields.items():
            found._add(f"{prefix}{name}".upper(), info.annotation)
        return found

    @property
    def all(self) -> set[str]:
        """Every whole name."""
        return self.plain | self.json.keys()

    def _add(self, variable: str, kind: object) -> None:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            # A whole section as one JSON object: pydantic-settings reads it, so it is known.
            self.json[variable] = '{"field": "value"}'
            inner = Known.of(kind, f"{variable}{DELIMITER}")
            self.plain |= inner.plain
            self.json |= inner.json
            self.open |= inner.open
            self.secret |= inner.secret
            return
        kinds = [get_origin(one) or one for one in (kind, *get_args(kind))]
        if dict in kinds:
            self.json[variable] = '{"name": "value"}'
            self.open.add(f"{variable}{DELIMITER}")
        elif tuple in kinds:
            self.json[variable] = '["one", "two"]'
        else:
            self.plain.add(variable)
        if SecretStr in kinds:
            self.secret.add(variable)


def mistakes(model: type[BaseModel], environment: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with the variables that begin with `PREFIX` before any value is read, sorted by name.

    Unknown names; empty values, except of passwords: an empty variable is nearly always one whose source was not
    set, and must not mean a default in silence; and values that must be JSON and are not.

    Args:
        model: the class of the settings.
        environment: names and values.
    """
    known = Known.of(model)
    for name, value in sorted(environment.items()):
        variable = name.upper()  # pydantic-settings reads names in any case
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS or _is_service_link(variable, value):
            continue
        if variable not in known.all and not any(_opens(variable, start) for start in known.open):
            yield name, f"there is no such setting{_meant(variable, known)}"
        elif not value.strip() and variable not in known.secret:
            yield name, "is empty: give it a value or do not set it"
        elif variable in known.json and (broken := _json_error(value)):
            yield name, f"must be JSON, such as {known.json[variable]}: {broken}"


def _meant(variable: str, known: Known) -> str:
    section, _, name = variable.partition(DELIMITER)
    # The right field in the wrong section is nearer than a field of another name in the right one.
    same = {one for one in known.all if section in known.json and one.endswith(f"{DELIMITER}{name}")}
    if len(same) == 1:
        return f"; did you mean {same.pop()}?"
    # Without the prefix that all have: it would make any two names alike.
    near = did_you_mean(variable.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in same or known.all])
    return near.replace("did you mean ", f"did you mean {PREFIX}") or "; deploy/env.example lists all of them"


def _opens(variable: str, start: str) -> bool:
    return variable.startswith(start) and len(variable) > len(start)


def _is_service_link(variable: str, value: str) -> bool:
    if variable.endswith("_PORT") and _SERVICE_URL.match(value):
        return True
    found = _SERVICE_LINK.search(variable)
    return found is not None and found.end() == len(variable)


def _json_error(value: str) -> str | None:
    try:
        json.loads(value)
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos + 1}"
    return None
