"""How surprising a count is, given what was expected and how far the counts of its key usually stray.

Counts of posts stray more than a Poisson law allows, because people react to each other. A negative binomial law
with the variance m + A m^2 describes them, where m is the expected count and A the dispersion.
"""

import math


def surprise(posts: float, expected: float, dispersion: float) -> float:
    """Returns the signed root of the deviance of the negative binomial law, in standard deviations.

    It is close to a standard normal value while the law holds, also for small counts, and costs two logarithms
    (McCullagh and Nelder, Generalized Linear Models, 2nd edition 1989, sections 2.3 and 2.4). Fewer posts than
    expected give a negative value.

    Args:
        posts: the count, at least 0.
        expected: above 0.
        dispersion: A, above 0.
    """
    shape = 1 / dispersion
    own = posts * math.log(posts / expected) if posts > 0 else 0.0
    deviance = 2 * (own - (posts + shape) * math.log((posts + shape) / (expected + shape)))
    # Rounding may leave a little less than 0 where both counts are the same.
    root = math.sqrt(max(0.0, deviance))
    return root if posts >= expected else -root


def share_surprise(part: float, whole: float, usual: float) -> float:
    """Returns by how many standard deviations the share of `part` in `whole` posts lies above the usual share.

    The law is the binomial one. The usual share counts as at least 2 and at most 98 percent, so that a key which
    never had a negative post is not alarmed by the first.
    """
    usual = min(0.98, max(0.02, usual))
    return (part / whole - usual) / math.sqrt(usual * (1 - usual) / whole)
