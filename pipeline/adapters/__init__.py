"""The machines behind the ports, which are Kafka, Faust, OpenVINO and ClickHouse, and their in-memory twins."""
