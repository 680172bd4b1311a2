"""What makes an engine's answers the same on every machine: shapes, known answers, configurations, the check.

Never here: an engine itself, a label decision.
"""
