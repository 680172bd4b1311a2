"""Makes messages of steps. Their numbers choose among what exists when they are played."""

from dataclasses import dataclass
from typing import Any

from pipeline.clock import from_ms
from schemas.cases.steps import RouteSignal
from schemas.people.casework import (
    CaseHeld,
    CasePicked,
    CaseResumed,
    CaseTransferred,
    ConsultEnded,
    ConsultStarted,
    CustomerAwaited,
    WrappedUp,
)
from schemas.people.rep import AnyRepEvent
from schemas.people.supervision import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit
from schemas.posts.raw import Reply
from schemas.posts.scored import ScoredPost, SkillNeed
from tests import builders
from tests.builders import START_MS, WORKSPACE, author, cluster, scored, sentiment, topics
from tests.reference.entities import HELD, Case
from tests.reference.memory import World

TEAMS = (("care",), ("social",), ("care", "social"))
SKILLS: tuple[tuple[Any, ...], ...] = ((), ("es",), ("es", "fr"))
NEEDS: tuple[tuple[Any, ...], ...] = (
    (),
    ("es",),
    (SkillNeed(name="es", level=3), SkillNeed(name="fr", level=2, required=True)),
    (SkillNeed(name="fr", level=4),),
)
TOPICS: tuple[tuple[str, ...], ...] = ((), ("billing",), ("router",), ("billing", "shops"))
WAITS_MS = (1, 1, 1, 1000, 1000, 1000, 10_000, 10_000, 10_000, 60_000, 119_999, 120_000, 900_000)
ASKS: dict[str, Any] = {
    "hold": CaseHeld,
    "await": CustomerAwaited,
    "resume": CaseResumed,
    "consult": ConsultStarted,
    "advised": ConsultEnded,
    "transfer": CaseTransferred,
    "wrap_up": WrappedUp,
}


@dataclass(frozen=True)
class Step:
    """One thing that happens."""

    kind: str
    who: int
    what: int
    wait: int
    where: int = 0
    """In which workspace, where there are several."""


class Inputs:
    """Makes messages about what there is in a world.

    Args:
        levels: whether reps and posts name levels of skills.
        windows: whether platforms take answers only until some time, or none.
        crowd: whether everybody writes once, so that what is compared is matching and not joining.
    """

    def __init__(
        self, world: World, case_ids: dict[str, str], *, levels: bool, crowd: bool, windows: bool
    ) -> None:
        self.world, self.case_ids = world, case_ids
        self.levels, self.crowd, self.windows = levels, crowd, windows
        self.posts: list[ScoredPost] = []
        self.serial = 1

    @property
    def _ms(self) -> int:
        return self.world.now_ms - START_MS

    def post(self, step: Step) -> ScoredPost:
        made = self._post(step)
        self.posts.append(made)
        return made

    def _post(self, step: Step) -> ScoredPost:
        who, what = step.who, step.what
        post_id = f"p{self.serial}"
        by = f"a{self.serial}" if self.crowd else f"a{who % 3}"
        earlier = self.posts[-1 - (who * 10 + what) % min(len(self.posts), 12)] if self.posts else None
        about = "x:elsewhere" if earlier is None or what == 9 else earlier.post_id
        ms = max(0, self._ms - (0, 0, 0, 5000, 40_000)[(who + what) % 5])
        common: dict[str, Any] = {"ms": ms}
        if step.kind in ("edit", "delete") and earlier is not None:
            return self._changed(step, earlier)
        if step.kind == "repost":
            return scored(post_id, by, "none" if what < 5 else "respond", repost_of=about, **common)
        if step.kind == "own":
            link: dict[str, Any] = (
                {"in_reply_to": about},
                {"quote_of": about},
                {"in_reply_to_author": f"x:{by}"},
            )[what % 3]
            visibility = "direct" if who == 0 else "public"
            return scored(post_id, "acme", "none", own=True, visibility=visibility, **link, **common)
        if step.kind == "thanks":
            action: Any = "thank" if who % 2 else "none"
            link = {"in_reply_to": about} if what % 2 else {}
            return scored(post_id, by, action, sentiment=sentiment("positive"), **link, **common)
        more: dict[str, Any] = {}
        if not self.crowd:
            more["topics"] = topics(*TOPICS[(who + what) % 4])
            more["visibility"] = "direct" if (who * what) % 5 == 4 else "public"
        if self.windows:
            more["reply"] = self._reply(step)
        if step.kind == "copy":
            more["cluster"] = cluster(what % 2)
            more["visibility"] = "public"
        if step.kind == "link":
            more["quote_of" if who % 2 else "in_reply_to"] = about
            if what == 8:
                more |= {"in_reply_to": "x:brandpost", "in_reply_to_author": "x:acme"}
        if step.kind == "anonymous":
            more |= {"author": author("hidden", anonymous=True), "conversation_id": about if who else None}
        is_idle = step.kind == "context" or (step.kind in ("link", "copy") and what % 3 == 0) or what == 9
        if is_idle:
            return scored(post_id, by, "context" if who == 3 else "none", **more, **common)
        queue = ("care", "care", "fans", "billing", "gone")[what % 5]
        asked = (NEEDS if self.levels else SKILLS)[who % (4 if self.levels else 3)]
        action = ("respond", "respond", "engage", "escalate", "respond_privately")[(who * 3 + what) % 5]
        priority = (10.0, 50.0, 90.0, 90.0)[(who + what) % 4]
        names = tuple(need if isinstance(need, str) else need.name for need in asked)
        levels = tuple(need for need in asked if not isinstance(need, str))
        return scored(
            post_id, by, action, queue=queue, skills=names, needs=levels, priority=priority, **more, **common
        )

    def _reply(self, step: Step) -> Reply | None:
        """Returns how long the platform takes an answer to a post, where it says so."""
        lasts_s = (None, 20, 90, 4000, 3600, 90_000, -5)[(step.who * 3 + step.what) % 7]
        if lasts_s is None:
            return Reply(allowed=False) if step.what == 5 else None
        return Reply(allowed=True, until=from_ms(self.world.now_ms + 1000 * lasts_s))

    def signal(self, step: Step) -> RouteSignal:
        """Returns how far a post or author has come by now."""
        post = self.posts[-1 - (step.who * 10 + step.what) % min(len(self.posts), 12)] if self.posts else None
        about = {"author_id": f"x:a{step.who % 3}"}
        if step.what < 7:
            about = {"post_id": "x:elsewhere" if post is None else post.post_id}
        kinds: tuple[Any, ...] = ("reach", "reach", "mood", "value", "other")
        late_ms = (0, 0, 0, 5000, -5000)[(step.who + step.what) % 5]
        return RouteSignal(
            workspace=WORKSPACE,
            kind=kinds[(step.who * step.what + step.wait) % 5],
            step=(1, 3, 0, 2, 5, 4, 7, -2, 3, 1)[(step.what + step.wait) % 10],
            at=from_ms(self.world.now_ms - late_ms),
            **about,
        )

    def _changed(self, step: Step, earlier: ScoredPost) -> ScoredPost:
        newest = max(
            (post for post in self.posts if post.post_id == earlier.post_id), key=lambda post: post.revision
        )
        revision = max(1, newest.revision + (0 if step.what == 8 else 1))
        changes: dict[str, Any] = {"revision": revision, "text": f"edit {self.serial}"}
        if step.kind == "delete":
            return newest.model_copy(update=changes | {"deleted": True, "triage": builders.triage("none")})
        if step.what % 3 == 0:
            queue = None if step.what == 9 else "care"
            action: Any = "none" if queue is None else "escalate"
            changes["triage"] = builders.triage(action, queue, priority=0.0 if queue is None else 95.0)
        return newest.model_copy(update=changes)

    # Rep events

    def event(self, step: Step) -> tuple[AnyRepEvent, str | None, str | None]:
        """Returns an event with the names of the cases that it is about."""
        if step.kind in ("sign_in", "sign_out", "away", "available", "beat"):
            return self._presence(step), None, None
        if step.kind == "pick":
            return self._pick(step)
        if step.kind in ("merge", "split", "priority", "end", "contact"):
            return self._supervision(step)
        return self._request(step)

    def _pick(self, step: Step) -> tuple[AnyRepEvent, str | None, str | None]:
        waiting = [case for case in self.world.cases if case.name in self.case_ids and case.state == "waiting"]
        among = waiting if waiting and step.what < 8 else list(self.world.cases)
        name = among[step.what % len(among)].name if among else None
        case_id = "no-such-case" if name is None else self.case_ids[name]
        picked = builders.tell(CasePicked, f"r{step.who}", event_id=f"e{self.serial}", case_id=case_id)
        return picked, name, None

    def _request(self, step: Step) -> tuple[AnyRepEvent, str | None, str | None]:
        event_id = f"e{self.serial}"
        wanted = ("offered",) if step.kind in ("accept", "reject") else HELD
        wanted = ("wrapping",) if step.kind == "wrap_up" else wanted
        wanted = ("held", "awaiting") if step.kind == "resume" else wanted
        tried = [case for case in self.world.cases if case.attempt]
        fitting = [case for case in tried if case.state in wanted]
        among = fitting if fitting and step.what < 8 else tried
        if not among:
            return builders.accept("no-such-case", 1, f"r{step.who}", event_id=event_id), None, None
        case = among[step.who % len(among)]
        # Mostly what a desktop would ask for; the rest is late or wrong.
        attempt = max(1, case.attempt - 1) if step.what == 7 else case.attempt
        rep_id = f"r{step.who}" if case.rep_id is None or step.what == 6 else case.rep_id
        about = self.case_ids[case.name]
        if step.kind in ASKS:
            more = self._details(step)
            return (
                builders.ask(ASKS[step.kind], about, attempt, rep_id, event_id=event_id, **more),
                case.name,
                None,
            )
        return getattr(builders, step.kind)(about, attempt, rep_id, event_id=event_id), case.name, None

    def _details(self, step: Step) -> dict[str, Any]:
        if step.kind == "hold":
            ends = (None, 30_000, 120_000, -1000)[step.what % 4]
            return {"until": None if ends is None else from_ms(self.world.now_ms + ends)}
        if step.kind in ("consult", "advised"):
            return {"with_rep": f"r{step.what % 5}"}
        if step.kind == "transfer":
            to: dict[str, Any] = (
                {"to_rep": f"r{step.what % 5}", "warm": step.who % 2 == 0},
                {"to_queue": ("care", "fans", "billing", "nowhere")[step.what % 4]},
                {"to_team": ("care", "social", "nobody")[step.what % 3]},
                {"to_rep": f"r{step.what % 5}", "warm": step.who % 2 == 1},
            )[(step.who + step.what) % 4]
            return to
        return {}

    def _presence(self, step: Step) -> AnyRepEvent:
        rep_id, what = f"r{step.who}", step.what
        common: dict[str, Any] = {
            "seq": max(0, self.serial - (5 if what == 0 else 0)),
            "sender": (None, None, "desk", "tablet")[what % 4],
            "event_id": f"e{self.serial}",
        }
        if step.kind == "beat":
            return builders.beat(rep_id, **common)
        common["ms"] = self._ms
        if step.kind == "sign_in":
            kind = (step.who + what // 7) % 3
            skills = SKILLS[(step.who * 2) % 3]
            levels = {skill: 1 + (step.who + at * 2 + what) % 5 for at, skill in enumerate(skills)}
            return builders.signed_in(
                rep_id,
                teams=TEAMS[kind],
                skills=skills,
                levels=levels if self.levels else None,
                capacity=1 + what % 3,
                **common,
            )
        if step.kind == "sign_out":
            return builders.signed_out(rep_id, **common)
        return builders.presence(rep_id, step.kind, **common)

    def _supervision(self, step: Step) -> tuple[AnyRepEvent, str | None, str | None]:
        event_id = f"e{self.serial}"
        known = [case for case in self.world.cases if case.name in self.case_ids]
        fitting = [case for case in known if case.is_open]
        among: list[Case] = fitting if fitting and step.what < 8 else known
        if step.kind == "contact":
            about: dict[str, Any] = {"author_id": f"x:a{step.who % 3}"}
            name = None
            if among and step.what % 2:
                name = among[step.who % len(among)].name
                about = {"case_id": self.case_ids[name]}
            direction = "in" if step.what % 4 < 2 else "out"
            channel = ("phone", "email", "chat")[step.who % 3]
            return (
                builders.contact(direction, channel, event_id=event_id, at=from_ms(self.world.now_ms), **about),
                name,
                None,
            )
        if not among:
            return builders.tell(CaseClosedBy, event_id=event_id, case_id="no-such-case"), None, None
        case = among[step.who % len(among)]
        about_case = self.case_ids[case.name]
        if step.kind == "merge":
            other = among[(step.who + 1 + step.what) % len(among)]
            if other is not case:
                return (
                    builders.tell(
                        CasesMerged, event_id=event_id, case_id=about_case, into=self.case_ids[other.name]
                    ),
                    case.name,
                    other.name,
                )
        if step.kind == "split":
            posts = tuple(post.post_id for post in case.posts)
            leaving = posts[step.who % 2 : 1 + step.what % 3] or ("x:none",)
            queue = (None, "fans", "care", "nowhere")[step.what % 4]
            return (
                builders.tell(CaseSplit, event_id=event_id, case_id=about_case, post_ids=leaving, queue=queue),
                case.name,
                None,
            )
        if step.kind == "priority":
            given = 10.0 * step.what
            return (
                builders.tell(CaseReprioritised, event_id=event_id, case_id=about_case, priority=given),
                case.name,
                None,
            )
        return builders.tell(CaseClosedBy, event_id=event_id, case_id=about_case), case.name, None


def told_post(step: Step, post: ScoredPost) -> str:
    """Tells a post in one line."""
    names = (
        "in_reply_to",
        "quote_of",
        "repost_of",
        "in_reply_to_author",
        "conversation_id",
        "cluster",
        "revision",
    )
    about = {name: value for name in names if (value := getattr(post, name))}
    if post.cluster is not None:
        about["cluster"] = post.cluster.id[-2:]
    skills = [need if isinstance(need, str) else need.name for need in post.triage.skills]
    topics = [hit.topic for hit in post.topics]
    return (
        f"{step.kind} {post.post_id} by {post.author.author_id} {post.triage.action} {post.triage.queue} "
        f"{post.triage.priority:g} {skills or ''} {post.visibility if post.visibility != 'public' else ''} "
        f"{topics or ''} {'deleted' if post.deleted else ''} {about or ''}"
    )
