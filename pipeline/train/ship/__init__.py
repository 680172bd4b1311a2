"""From a finished run to the folder that ships."""
