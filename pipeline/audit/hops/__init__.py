"""What an audit judges: one hop of the flow a module."""
