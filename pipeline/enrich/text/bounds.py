"""Bounds how much of a post is read for its signals. All signals share the same bound.

Masking has no bound. It reads every character of a post, because what it misses is personal data in the open.
"""

MAX_SIGNAL_CHARS = 10_000
"""Characters of a post, from its start, that a signal reads: topics, keywords, urgency, copies, tone, language,
and the input of the models. All of them together take about 15 microseconds a character, so that the longest post
takes no more than .15 s. Two posts that agree in so many characters are copies. Reviews and long posts on X rarely
exceed the bound (Trustpilot and app stores allow less), and the models read the first hundreds of words only."""
