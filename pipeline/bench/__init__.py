"""Measures rates as ratios, with the candidates side by side in one run."""
