"""Doubt says which posts people sort, since no reading of them is sure. It is a part of a policy."""

from typing import Annotated

from pydantic import Field

from schemas.base import Part, Probability, Slug


class DoubtBounds(Part):
    """How near to the middle a reading must be to be doubted. A bound of 0 doubts nothing of its kind."""

    sentiment_margin: Probability = Field(
        default=0.3, description="the two likeliest labels of sentiment are less than this apart, from 0 to 1"
    )
    complaint_margin: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.2, description="the probability of a complaint is less than this from one half, from 0 to .5"
    )
    language_confidence: Probability = Field(
        default=0.4, description="the detector is less sure of the language than this, from 0 to 1"
    )
    contradiction: bool = Field(
        default=True,
        description="whether a positive post with urgent words, a problem topic, a likely complaint or a likely "
        "pressing matter is doubted",
    )


class Doubt(Part):
    """Where doubtful posts wait for a person, and how many they may be.

    A post is compared with posts of real streams and never with those that came before it, so that the same post
    is decided alike on every worker. The share of another stream may therefore be another one.
    """

    queue: Slug = Field(description="queue in which doubtful posts wait")
    bounds: DoubtBounds = Field(default=DoubtBounds(), description="which readings are doubted")
    max_share: Annotated[float, Field(ge=0.05, le=0.15)] = Field(
        default=0.1,
        description="share of the work that may go there, from .05 to .15; of more doubtful posts the most "
        "doubtful go, and the rules decide about the others",
    )
