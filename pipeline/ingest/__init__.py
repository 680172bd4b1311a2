"""Turns sources into `posts.raw`: exports and live feeds become RawPost records, and a manifest lists what was
sent.
"""
