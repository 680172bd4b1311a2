"""The machines behind the ports: Kafka, Faust, OpenVINO, ClickHouse, and their in-memory twins."""
