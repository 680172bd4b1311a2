"""The parent of all messages, and the types of which their fields are made.

Unknown fields are ignored, and an unknown word of an enumeration counts as its declared default (`Unknown`), so
that a producer may be newer than a consumer within one major version. An unknown `schema_version` is an error,
because then even the known fields may mean something else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
)

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside of EARLIEST and LATEST are mistakes of typing or of unit. Both ends fit ClickHouse's DateTime64(3)
(1900 to 2299)."""


def _plausible(value: datetime) -> datetime:
    try:
        # Times of one zone compare in a quarter of the time that times of two zones take (measured).
        utc = value.astimezone(UTC)
    except OverflowError:
        # 9999-12-31T23:59:59-01:00 has no form in UTC.
        utc = LATEST
    if not EARLIEST <= utc < LATEST:
        raise ValueError(f"time must be between {EARLIEST.year} and {LATEST.year}")
    # Kafka and ClickHouse keep milliseconds, so more digits would not survive a round trip.
    rest = utc.microsecond % 1000
    return utc.replace(microsecond=utc.microsecond - rest) if rest else utc


def _rfc3339(value: datetime) -> str:
    # This is on the path of every message, and strftime takes a quarter longer (measured).
    return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


UtcDatetime = Annotated[
    AwareDatetime,
    AfterValidator(_plausible),
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    Field(description="time in RFC 3339, with a time zone; kept in UTC with milliseconds"),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A lower-case name that is safe inside the name of a Kafka topic and inside a URL."""
WorkspaceId = Annotated[
    Slug, Field(description="the tenant, which is one company or family of brands; nothing crosses its border")
]
PlatformName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
NativeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}:[^\s\x00-\x1f\x7f]{1,200}$")]
PostId = Annotated[NativeId, Field(description='id of a post: "<platform>:<id that the platform gave it>"')]
AuthorId = Annotated[NativeId, Field(description='id of an author: "<platform>:<id that the platform gave them>"')]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
ShortText = Annotated[str, StringConstraints(max_length=500)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Priority = Annotated[
    float,
    Field(ge=0.0, le=100.0, allow_inf_nan=False, description="priority from 0 to 100; the higher goes first"),
]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""A code of ISO 639-1 or 639-3 in lower case; `und` (ISO 639-2) when nobody can tell the language."""
EpochMs = Annotated[
    int, Field(ge=0, lt=4_102_444_800_000, description="time in milliseconds since 1970-01-01 UTC")
]
Offset = Annotated[int, Field(ge=0, lt=2**63)]


@dataclass(frozen=True)
class Unknown:
    """Says what a word means that a newer producer has added to an enumeration, or to a list of its words.

    A consumer that is not upgraded yet would otherwise give up every message that has the new word.
    """

    default: str | None
    """The known word that stands for it; None leaves it out of the list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Returns the schema of the enumeration or the list, which sees known words only."""
        words = get_args(get_args(source)[0]) if self.default is None else get_args(source)

        def known(said: Any) -> Any:
            if self.default is not None:
                return self.default if isinstance(said, str) and said not in words else said
            return (
                [word for word in said if word in words or not isinstance(word, str)]
                if isinstance(said, list)
                else said
            )

        return BeforeValidator(known).__get_pydantic_core_schema__(source, handler)


class Part(BaseModel):
    """A piece of a message, which is frozen and ignores unknown fields."""

    # JSON has no NaN and no infinity, so a number that is none is written as null.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null", populate_by_name=True)


class Message(Part):
    """A message is the whole value of a record of a topic."""

    schema_version: Literal[1] = Field(
        default=1, description="major version of the contract; a value of another version must be refused"
    )
    workspace: WorkspaceId


def type_is_required(schema: dict[str, Any]) -> None:
    """Makes `type` required on the wire, where it tells the members of a union apart; code leaves it out."""
    # A validator would otherwise take a value without a type, which no reader can tell apart.
    schema["properties"]["type"].pop("default")
    schema["properties"]["type"]["description"] = "tells this event from the others"
    schema["required"].append("type")


class SourcePosition(Part):
    """Where a record lies in Kafka."""

    # The limits are Kafka's own: 249 characters a name, 32 bits for a partition and 64 for an offset.
    topic: Annotated[str, StringConstraints(max_length=249)] = Field(description="name of the topic")
    partition: Annotated[int, Field(ge=0, lt=2**31)] = Field(description="number of the partition, from 0")
    offset: Offset = Field(description="offset of the record in the partition")
