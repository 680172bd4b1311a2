"""Sources to `posts.raw`: exports and live feeds become RawPost records, with a manifest of what was sent."""
