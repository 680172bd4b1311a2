"""CustomerLink says which customer or prospect stands behind a handle. It goes to topic `customers`.

The links come from the company's own list of customers (`earshot customers load`). A link holds no name, address
or number of a person, because the customer id leads to all of them where they are kept.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import AuthorId, Id, LanguageCode, Message, Part, PlatformName, Probability, Unknown, UtcDatetime

CustomerKind = Literal["customer", "prospect", "lead"]
"""A prospect is somebody whom the company wants to win, and a lead is one who has shown an interest."""
Label = Annotated[str, StringConstraints(pattern=r"^\S([^\x00-\x1f\x7f]{0,98}\S)?$")]
"""A short name that the company gave, such as `Private Banking`. Rules compare labels in any case."""

NEVER_LINKED: frozenset[str] = frozenset({"reddit"})
"""The terms of these networks forbid to match their users with what is known of them elsewhere (Reddit's
Responsible Builder Policy of November 2025)."""


def may_link(platform: str) -> bool:
    """Returns whether handles of a network may be linked to a customer where no policy says so."""
    return platform not in NEVER_LINKED


class Customer(Part):
    """Who is behind a handle, and what they are worth to the company. This stands apart from how far they are
    heard."""

    customer_id: Id = Field(
        description="the company's own id of the person or firm; several handles may have the same"
    )
    kind: Annotated[CustomerKind, Unknown("lead")] = Field(
        default="customer", description="what they are; a kind that the reader does not know counts as lead"
    )
    value: Probability | None = Field(
        default=None,
        description="what they are worth among the company's customers, from 0 to 1; absent when not known",
    )
    tier: Label | None = Field(
        default=None, description="the company's name for that value, such as gold; absent when it has none"
    )
    segment: Label | None = Field(
        default=None, description="group of customers that they belong to; absent when not known"
    )
    languages: tuple[LanguageCode, ...] = Field(
        default=(),
        max_length=10,
        description="languages that they speak, the best one first; empty when not known",
    )
    preferred_channel: PlatformName | None = Field(
        default=None,
        description="where they want to be answered: a network, or such as email and phone; absent when not known",
    )
    confidence: Probability = Field(
        default=1.0, description="probability from 0 to 1 that the handle is really theirs"
    )
    source: Label = Field(default="crm", description="how the company knows, such as login or stated")


class CustomerLink(Customer, Message):
    """The link from one handle to a customer, in topic `customers` with the key workspace/author_id.

    A later record of the same key replaces it whole, and a record without a value takes it back.
    """

    author_id: AuthorId
    updated_at: UtcDatetime | None = Field(
        default=None, description="when the company last changed what it says; absent when not stated"
    )

    @property
    def customer(self) -> Customer:
        """Returns whom the link leads to, as a scored post tells it."""
        return Customer.model_construct(**{name: getattr(self, name) for name in Customer.model_fields})
