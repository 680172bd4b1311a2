"""Finds by what the clocks of a case run, in the policy in force."""

from pipeline.route.sla.clocks import Terms
from pipeline.route.sla.hours import AroundTheClock, Hours, OpeningHours
from schemas.policy.policy import Policy
from schemas.policy.sla import Sla, band_of
from schemas.posts.raw import Visibility

ALWAYS = AroundTheClock()


class PolicyTerms:
    """The terms of one policy. Its calendars are made into instants when the first case asks for them.

    Args:
        policy: without mistakes.
    """

    def __init__(self, policy: Policy) -> None:
        queues = tuple((queue.name, queue.sla) for queue in policy.queues if queue.sla)
        self.promises = (policy.slas, policy.calendars, queues) if queues else None
        """All on which deadlines depend; None without any."""
        slas = {sla.name: sla for sla in policy.slas}
        self._slas: dict[str, Sla] = {queue.name: slas[queue.sla] for queue in policy.queues if queue.sla}
        self._calendars = {calendar.name: calendar for calendar in policy.calendars}
        self._hours: dict[str, Hours] = {}

    def of(self, queue: str, priority: float, channel: Visibility) -> Terms | None:
        """Returns the terms of a case; None where its queue has no SLA.

        Raises:
            LookupError: the calendar's time zone is not in this release's data.
        """
        sla = self._slas.get(queue)
        if sla is None:
            return None
        hours = ALWAYS if sla.calendar is None else self.hours(sla.calendar)
        return Terms(hours, sla.target(band_of(priority), channel))

    def hours(self, calendar: str) -> Hours:
        """Returns the opening hours of a calendar of the policy.

        Raises:
            LookupError: as `of`.
        """
        hours = self._hours.get(calendar)
        if hours is None:
            hours = self._hours[calendar] = OpeningHours(self._calendars[calendar])
        return hours
