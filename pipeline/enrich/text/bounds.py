"""How much of a post is read for its signals: one bound for all of them.

In: nothing. Out: the bound. Never here: masking, which reads every character of a post, because what it misses is
personal data in the open.
"""

MAX_SIGNAL_CHARS = 10_000
"""Characters of a post, from its start, that any signal reads: topics, keywords, urgency, copies, tone, language,
and what the models are given. All of them together cost about 15 microseconds a character, so that the longest
post costs no more than .15 s. Two posts that agree so far are copies; reviews and long posts on X rarely exceed it
(Trustpilot and app stores allow less); the models read the first hundreds of words only."""
