"""Renders `deploy/env.example`, which has every setting with its default and meaning.

It comes from the settings' own declaration, and never holds a value of the environment.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.settings import Settings

_HEAD = """\
# Every setting of Earshot with its default. Written by `earshot schemas`; change pipeline/settings.py instead.
# A line without a value is unset by default. An empty value is refused, as an unknown name is: leave it commented.
# Secrets come from your secret store, never from this file.
"""


def variables() -> Iterator[tuple[str, FieldInfo, str]]:
    """Yields environment variable, field and the section's docstring of each setting, in the order of
    declaration."""
    prefix = str(Settings.model_config.get("env_prefix", ""))
    delimiter = str(Settings.model_config.get("env_nested_delimiter", "__"))
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            for inner, inner_field in section.model_fields.items():
                yield f"{prefix}{name}{delimiter}{inner}".upper(), inner_field, _about(section)
        else:
            yield f"{prefix}{name}".upper(), field, "All parts"


def render() -> str:
    """Returns the file's text."""
    lines: list[str] = [_HEAD]
    last = None
    for variable, field, section in variables():
        if section != last:
            lines.append(f"\n# --- {section}\n" if last is not None else f"# --- {section}\n")
            last = section
        if field.description:
            lines.append(f"# {field.description}\n")
        value = _default(field)
        lines.append(f"{variable}={value}\n" if value is not None else f"#{variable}=\n")
    return "".join(lines)


def _about(section: type[BaseModel]) -> str:
    return (section.__doc__ or section.__name__).strip().splitlines()[0].rstrip(".")


def _default(field: FieldInfo) -> str | None:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    # Such a setting stands there as a comment, because an empty value is refused.
    if value is None or value is PydanticUndefined or isinstance(value, SecretStr):
        return None
    return str(value)
