"""SkillNeed says which skill a case needs, at which level, and whether it may ever do without."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer

from schemas.base import Slug
from schemas.posts.scored import SkillNeed


def _whole(said: Any) -> Any:
    return {"name": said} if isinstance(said, str) else said


def _short(need: SkillNeed, write: SerializerFunctionWrapHandler) -> Any:
    # A release that knows no levels can read a name.
    return need.name if need == SkillNeed(name=need.name) else write(need)


NeedOrName = Annotated[
    SkillNeed,
    BeforeValidator(_whole, json_schema_input_type=Slug | SkillNeed),
    WrapSerializer(_short),
    Field(description="a skill, or only its name for level 1 and not required"),
]
