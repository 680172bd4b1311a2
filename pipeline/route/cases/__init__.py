"""Cases from their first post to their end, as posts come in and as reps ask."""
