"""Estimates what scoring a post may cost, from its lengths alone, so that batches can be cut by it.

The unit is a character of an ordinary post. The figures were measured on one slow core over hostile texts.
Where phone numbers of many regions are recognised, as in direct messages, a text costs up to 150 microseconds a
character until the phone library has been asked all that it may be asked, which takes 25 ms. From then on it
costs 50 (35 to mask, 15 for other signals). The numbers below are these costs at 17 microseconds a unit, so
that direct messages which cost 300,000 take a core at most 5 s, short or long (2.6 measured). Where two regions
are recognised, the same texts cost a fifth. So other posts cost their characters, and the costliest batch, 512
posts with every field full, takes 8 s.
"""

from pipeline.enrich.privacy.mask import DEFAULT_REGIONS, masked_fields, regions_of
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody

_A_CHARACTER, _ASKED_A_CHARACTER, _MOST_ASKED = 3, 10, 2000
"""Costs where many regions are recognised: of each character, of each one more while the library is asked, and the
most that asking about one text costs."""


def post_cost(post: PostBody, policy: Policy | None) -> int:
    """Returns how many characters of an ordinary post may cost as much as this post.

    Args:
        post: as it was received.
        policy: the policy of its workspace; None where it has none.
    """
    many = len(regions_of(post, policy)) > len(DEFAULT_REGIONS)
    lengths = [len(text) for text in masked_fields(post) if text]
    if not many:
        return sum(lengths)
    return sum(_A_CHARACTER * length + min(_ASKED_A_CHARACTER * length, _MOST_ASKED) for length in lengths)
