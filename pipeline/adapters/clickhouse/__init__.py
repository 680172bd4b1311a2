"""ClickHouse: writing rows, asking questions, migrations, retention."""
