"""Says within which time the brand wants to answer, by the band of priority and the channel of a case."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.base import Part, Slug
from schemas.posts.raw import Visibility

Band = Literal["p1", "p2", "p3", "p4"]
ClockName = Literal["first_response", "next_response", "resolution"]
LOWEST: tuple[tuple[float, Band], ...] = ((70.0, "p1"), (45.0, "p2"), (20.0, "p3"), (0.0, "p4"))
"""The lowest priority of each band. They are those of the priority formula, by which a safety word alone reaches
p1 and a positive post by an author of the top one per cent p3."""

Seconds = Annotated[int, Field(ge=60, le=366 * 86_400)]


def band_of(priority: float) -> Band:
    """Returns the band of a priority from 0 to 100."""
    return next(band for lowest, band in LOWEST if priority >= lowest)


class SlaTarget(Part):
    """The seconds that some cases have.

    They are seconds of the opening hours of the SLA's calendar, or all seconds where the SLA has none.
    """

    band: tuple[Band, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=4,
        description="bands of priority that it is for, absent for all: p1 from 70, p2 from 45, p3 from 20, p4 "
        "below",
    )
    channel: tuple[Visibility, ...] | None = Field(
        default=None, min_length=1, max_length=2, description="channels that it is for; absent for both"
    )
    first_response_s: Seconds | None = Field(
        default=None,
        description="seconds of opening hours from the customer's first post to the first reply; absent without "
        "such a clock",
    )
    next_response_s: Seconds | None = Field(
        default=None,
        description="seconds of opening hours from the oldest later post that is not answered to its reply; "
        "absent without such a clock",
    )
    resolution_s: Seconds | None = Field(
        default=None,
        description="seconds of opening hours from the customer's first post to the end of the case; absent "
        "without such a clock",
    )
    due_soon_s: int | None = Field(
        default=None,
        ge=1,
        le=366 * 86_400,
        description="seconds of opening hours before each of these deadlines at which a warning is given; absent "
        "without warnings",
    )

    def fits(self, band: Band, channel: Visibility) -> bool:
        """Says whether it is for cases of that band and channel."""
        return (self.band is None or band in self.band) and (self.channel is None or channel in self.channel)

    def seconds(self, clock: ClockName) -> int | None:
        """Returns the seconds that one clock has, None where there is no such clock."""
        seconds: int | None = getattr(self, f"{clock}_s")
        return seconds


class Sla(Part):
    """What the brand promises itself. The first target of the list that fits a case decides.

    All clocks stand still while the customer owes an answer, which a rep says by setting the case to wait for the
    customer. They end when the case is resolved.
    """

    name: Slug = Field(description="name of the SLA, unique in the policy")
    calendar: Slug | None = Field(
        default=None, description="calendar by whose opening hours its clocks run; absent for around the clock"
    )
    targets: tuple[SlaTarget, ...] = Field(
        min_length=1, max_length=50, description="seconds by band and channel; the first that fits decides"
    )

    def target(self, band: Band, channel: Visibility) -> SlaTarget | None:
        """Returns the target that decides for cases of that band and channel."""
        return next((target for target in self.targets if target.fits(band, channel)), None)


CLOCKS: tuple[ClockName, ...] = ("first_response", "next_response", "resolution")


def target_mistakes(target: Mapping[str, Any]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yields what does not agree within one target, whose parts may be of another shape."""
    seconds = {f"{clock}_s": target.get(f"{clock}_s") for clock in CLOCKS}
    if all(value is None for value in seconds.values()):
        yield (), "a target needs at least one of first_response_s, next_response_s and resolution_s"
    soon = target.get("due_soon_s")
    for field, value in seconds.items():
        if isinstance(soon, int) and isinstance(value, int) and value <= soon:
            yield ("due_soon_s",), f"the warning would come before the clock of {field} has started"
