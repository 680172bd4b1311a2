"""How raw records become batches, and how a batch is scored without being lost or repeated for ever.

`queue.py` holds what was read and cuts it into batches by `cost.py`. `scoring.py` scores one batch and begins
the next. `attempts.py` notes each batch at the brokers before it is scored, so that the next worker knows what
this one ended over, and `notes.py` decides what such a note means. `events.py` names what is used of Faust's
events.
"""
