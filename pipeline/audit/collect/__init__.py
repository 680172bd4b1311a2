"""What an audit collects: manifests, topics, tables."""
