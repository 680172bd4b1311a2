"""Splits the longest wait of a post for company between the broker and the agent.

Posts that are scored together cost less each. The longest wait is `EARSHOT_ENRICH__BATCH_WAIT_MS`, whose default
stands in `pipeline/settings.py`.
"""

BROKER_SHARE = 0.8
"""Share of a post's longest wait for company that it spends at the broker. There it costs nothing, while in the
agent it costs a timer."""


def at_broker_ms(longest_ms: int) -> int:
    """Returns the milliseconds for which the broker holds an answer back while it has few records.

    Args:
        longest_ms: the longest wait of a post, `EARSHOT_ENRICH__BATCH_WAIT_MS`.
    """
    return round(BROKER_SHARE * longest_ms)


def in_agent_s(longest_ms: int) -> float:
    """Returns the seconds that are left of the longest wait (milliseconds) when the post has reached the agent."""
    return (1 - BROKER_SHARE) * longest_ms / 1000
