"""Fine-tunes the network. The extra `torch` is needed."""
