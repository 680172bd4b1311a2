"""One offer with nearly all that an offer can say, for whoever reads topic `assignments` with the schema alone.

`offer.json` is the record that the router sends, spread over lines. After a change of meaning, delete it, run the
test once, and read the difference in git.
"""

import json
from pathlib import Path

from schemas.cases.case import Assignment
from schemas.people.supervision import CaseClosedBy, CasesMerged
from schemas.policy.policy import Brand
from schemas.policy.queues import Queue
from schemas.policy.sla import Sla, SlaTarget
from schemas.posts.raw import Reply
from schemas.posts.scored import Language, Reason
from schemas.posts.signals import Intent
from schemas.topics import ASSIGNMENTS
from tests.builders import at, author, cluster, policy, presence, reject, scored, signed_in, tell, topics, triage
from tests.unit.route.desk_of_one import Desk

PATH = Path(__file__).parent / "offer.json"
MINUTE_MS = 60_000
REFUND = ("refund",)


def _desk() -> Desk:
    """Returns a desk of six reps: one is full, one away, one does not know about refunds."""
    acme = Brand(name="Acme Rail", author_ids=("x:acmerail",), sender="x:acmerail")
    freight = Brand(name="Acme Freight", author_ids=("x:acmefreight",))
    target = SlaTarget(first_response_s=3600, resolution_s=86_400)
    care = Queue(name="care", team="care", sla="promises")
    sla = Sla(name="promises", targets=(target,))
    desk = Desk(policy(brand=acme, brands=(freight,), queues=(care,), slas=(sla,)))
    for rep_id, capacity in (("sam", 1), ("omar", 2)):
        desk.feed(signed_in(rep_id, skills=REFUND, capacity=capacity))
        desk.feed(scored(f"for-{rep_id}", f"customer-of-{rep_id}"))
    desk.feed(
        signed_in("pia", skills=REFUND, capacity=4), signed_in("tess", skills=REFUND), signed_in("quin"),
        signed_in("rosa", skills=REFUND), presence("rosa", "away"),
    )  # fmt: skip
    return desk


def _offer() -> bytes:
    """Returns the record of the offer, which is the second one of its case."""
    desk = _desk()
    found = desk.feed(scored("e1", topics=topics("lost-property"), skills=("umbrellas",))).events[0]
    desk.feed(tell(CaseClosedBy, case_id=found.case_id, reason="umbrella_found"))
    mail = desk.feed(scored("m1", "ann-at-work", topics=topics("refund"), skills=("lawyer",))).events[0]
    ann = author("ann").model_copy(update={"name": "Ann B.", "followers": 75, "following": 120, "verified": False})
    reasons = (Reason(code="rule", detail="money-back: topic refund, complaint 0.94 of 1", weight=72.5),)
    led = scored(
        "p1", author=ann, ms=MINUTE_MS, text="Two hours late, and my card [card] was charged twice. Again!",
        url="https://x.example/ann/1", in_reply_to_author="x:acmerail", topics=topics("delay", "refund"),
        cluster=cluster(7), complaint=0.94, offence=0.05, pressing=0.62, urgency=0.4,
        intent=Intent(name="complaint", confidence=0.91), language=Language(code="en", confidence=0.99),
        triage=triage(queue="care", skills=REFUND, priority=72.5, reasons=reasons),
    )  # fmt: skip
    first = desk.after(60).feed(led).assignments[0]
    desk.after(20).feed(
        scored("c1", "bob", cluster=cluster(7)), scored("r1", "cid", "none", repost_of="x:p1"),
        tell(CasesMerged, case_id=mail.case_id, into=first.case_id),
    )  # fmt: skip
    reply = Reply(allowed=True, until=at(25 * MINUTE_MS), max_graphemes=280, cost=0.01)
    newest = scored("p2", "context", author=ann, ms=MINUTE_MS + 30_000, text="Anybody there?", reply=reply)
    desk.feed(newest.model_copy(update={"triage": triage("context")}))
    answer = desk.after(20).feed(reject(first.case_id, 1, first.rep_id))
    [value] = [output.value for output in answer.outputs if output.topic == ASSIGNMENTS.name][1:]
    assert value is not None
    return value


def test_the_golden_offer_is_what_the_router_sends() -> None:
    said = json.loads(_offer())
    if not PATH.exists():
        PATH.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        raise AssertionError(f"{PATH.name} was written anew: read it, then run the test again")
    assert said == json.loads(PATH.read_text(encoding="utf-8"))


def test_the_golden_offer_has_every_field_that_an_offer_may_have() -> None:
    said = json.loads(PATH.read_text(encoding="utf-8"))
    left = {"open_on_platform", "ring", "related_case", "consulted", "from_rep"}
    assert set(Assignment.model_fields) - said.keys() == left
