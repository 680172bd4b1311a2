"""What scoring a post may cost, told beforehand: what batches are cut by.

In: a post, its workspace's policy. Out: a weight. Never here: a look at the text, a clock.

A weight is a number of characters of an ordinary post that may cost as much. Measured on one slow core, over
hostile texts: where phones of many regions are told, as in direct messages, a text costs up to 150 microseconds a
character until the phone library has been asked all that it may be asked, which takes 25 ms, and 50 (35 to mask,
15 for other signals) from then on. The weights below are these costs at 17 microseconds a unit, so that direct
messages which weigh 300,000 take a core at most 5 s, short or long (2.6 measured). Where two regions are told, the
same texts cost a fifth: other posts weigh their characters, and the costliest batch, 512 posts with every field
full, takes 8 s.
"""

from pipeline.enrich.privacy.mask import DEFAULT_REGIONS, masked_fields, regions_of
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody

_A_CHARACTER, _ASKED_A_CHARACTER, _MOST_ASKED = 3, 10, 2000
"""Where many regions are told: of each character, of each as long as the library is asked, and of all that it is
asked about one text."""


def post_cost(post: PostBody, policy: Policy | None) -> int:
    """How many characters of an ordinary post may cost as much as this post.

    Args:
        post: as it was received.
        policy: of its workspace; None: it has none.
    """
    many = len(regions_of(post, policy)) > len(DEFAULT_REGIONS)
    lengths = [len(text) for text in masked_fields(post) if text]
    if not many:
        return sum(lengths)
    return sum(_A_CHARACTER * length + min(_ASKED_A_CHARACTER * length, _MOST_ASKED) for length in lengths)
