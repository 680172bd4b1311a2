"""The people of the contact centre, and what desktops say about them."""
