"""RouteSignal says that something about a post or an author has changed by a step, so that its case moves.

It goes to topic `route.signals` with the workspace as key.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import AuthorId, Message, PostId, Unknown, UtcDatetime


class RouteSignal(Message):
    """A step of reach, mood or customer value, of a post or of an author. A repeated one changes nothing.

    Each step up raises the priority of the open cases of the post or author, up to five steps. It goes down only
    by two steps or more, so that what goes up and down by one does not move a case each time.
    """

    post_id: PostId | None = Field(default=None, description="post that it is about; absent when about an author")
    author_id: AuthorId | None = Field(
        default=None, description="author whom it is about; absent when about a post"
    )
    kind: Annotated[Literal["reach", "mood", "value", "other"], Unknown("other")] = Field(
        description="what has changed; a kind that the reader does not know counts as other, which moves nothing"
    )
    step: int = Field(
        ge=-64,
        le=64,
        description="where it is now, in doublings of what triage knew: 3 is eight times as much as 0, below 0 is "
        "less",
    )
    at: UtcDatetime = Field(description="when it was observed")

    @model_validator(mode="after")
    def _is_about_one(self) -> "RouteSignal":
        if (self.post_id is None) == (self.author_id is None):
            raise ValueError("exactly one of post_id and author_id is needed")
        return self
