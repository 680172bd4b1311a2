"""A simulated Kafka cluster in virtual time, with clients that stand in for confluent's `Consumer` and `Producer`.

`virtual_time.py` moves time from event to event. `cluster.py` joins what the brokers hold: `log.py` has the logs,
`transactions.py` the transaction coordinator and `groups.py` the group coordinator. `link.py` carries the requests
of a client to the brokers, late or twice where faults say so. `consumer.py` and `producer.py` are the clients. The
order of everything follows from the seed alone.

It keeps the promises of Kafka that a transactional stage relies on, with the protocol of transactions of before
KIP-890, which librdkafka speaks. `tests/ports/test_kafka_promises.py` holds it against a real broker.
"""
