"""Turns the records of an export into posts, by a map that says where each field of a post stands."""
