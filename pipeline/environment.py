"""Finds variables of the environment that look like settings and are none, and says what is wrong with them.

It never shows a value. What a setting means is decided elsewhere.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import get_args, get_origin

from pydantic import BaseModel, SecretStr

from pipeline.input_mistakes import did_you_mean

PREFIX = "EARSHOT_"
DELIMITER = "__"
PARENT_FD = "EARSHOT_PARENT_FD"
"""Descriptor of the supervisor's pipe. Supervisor and worker pass it on, and it is no setting."""
NOT_SETTINGS = frozenset({PARENT_FD})
"""Variables that Earshot's own processes use among themselves."""
_SERVICE_LINK = re.compile(
    r"_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
)
"""Ends of the variables that Kubernetes sets in every pod of a namespace for each Service in it. A Service that is
called earshot-route must not stop the stages. Source: kubernetes.io, Services, Environment variables."""
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")
"""The variable `<SERVICE>_PORT` of a link begins with this."""

Finding = tuple[str, str]
"""A variable, and what is wrong with it."""


@dataclass
class SettingVariables:
    """The variables of a class of settings."""

    plain: set[str] = field(default_factory=set)
    """Variables that take one value each."""
    json: dict[str, str] = field(default_factory=dict)
    """Variables that take JSON, with an example of its shape."""
    open: set[str] = field(default_factory=set)
    """Beginnings of variables that end with a name of the operator's choice, such as a language."""
    secret: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, model: type[BaseModel], prefix: str = PREFIX) -> "SettingVariables":
        """Collects the variables of a class and of its sections."""
        collected = cls()
        for name, info in model.model_fields.items():
            collected._add(f"{prefix}{name}".upper(), info.annotation)
        return collected

    @property
    def all(self) -> set[str]:
        """Returns every whole name."""
        return self.plain | self.json.keys()

    def _add(self, variable: str, kind: object) -> None:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            # pydantic-settings also reads a whole section as one JSON object.
            self.json[variable] = '{"field": "value"}'
            inner = SettingVariables.of(kind, f"{variable}{DELIMITER}")
            self.plain |= inner.plain
            self.json |= inner.json
            self.open |= inner.open
            self.secret |= inner.secret
            return
        kinds = [get_origin(part) or part for part in (kind, *get_args(kind))]
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
    """Yields what is wrong with the variables that begin with `PREFIX` before any value is read, sorted by name.

    It reports unknown names, and values that must be JSON and are not. It also reports empty values, except of
    passwords. An empty variable is nearly always one whose source was not set, and must not mean a default in
    silence.

    Args:
        model: the class of the settings.
        environment: names and values.
    """
    variables = SettingVariables.of(model)
    for name, value in sorted(environment.items()):
        variable = name.upper()  # pydantic-settings reads names in any case
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS or _is_service_link(variable, value):
            continue
        if variable not in variables.all and not any(_opens(variable, start) for start in variables.open):
            yield name, f"there is no such setting{_meant(variable, variables)}"
        elif not value.strip() and variable not in variables.secret:
            yield name, "is empty: give it a value or do not set it"
        elif variable in variables.json and (broken := _json_error(value)):
            yield name, f"must be JSON, such as {variables.json[variable]}: {broken}"


def _meant(variable: str, variables: SettingVariables) -> str:
    section, _, name = variable.partition(DELIMITER)
    # The right field in the wrong section is nearer than a field of another name in the right section.
    same = {
        setting
        for setting in variables.all
        if section in variables.json and setting.endswith(f"{DELIMITER}{name}")
    }
    if len(same) == 1:
        return f"; did you mean {same.pop()}?"
    # The prefix is left out, because all names have it and it would make any two of them alike.
    near = did_you_mean(
        variable.removeprefix(PREFIX), [setting.removeprefix(PREFIX) for setting in same or variables.all]
    )
    return near.replace("did you mean ", f"did you mean {PREFIX}") or "; deploy/env.example lists all of them"


def _opens(variable: str, start: str) -> bool:
    return variable.startswith(start) and len(variable) > len(start)


def _is_service_link(variable: str, value: str) -> bool:
    if variable.endswith("_PORT") and _SERVICE_URL.match(value):
        return True
    link = _SERVICE_LINK.search(variable)
    return link is not None and link.end() == len(variable)


def _json_error(value: str) -> str | None:
    try:
        json.loads(value)
    except json.JSONDecodeError as error:
        return f"{error.msg} at character {error.pos + 1}"
    return None
