"""Posts: as connectors publish them, and with their signals."""
