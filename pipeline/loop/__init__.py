"""The rules of a transactional stage's loop: merge, time, timers, journal. They know no Kafka and no clock.

`driver.py` decides the transactions of one partition number. `inputs/` orders the records of its inputs and asks
for what is unread, `timers.py` fires timers, and `journal.py` writes down what a replay of a transaction needs.
The loop on Kafka and the property tests drive the same driver, so that neither has a copy of the rules.
"""
