"""The text model on OpenVINO."""
