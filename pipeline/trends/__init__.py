"""The room of the trends stage, which will turn mentions into trend points and alerts. Nothing runs here yet."""
