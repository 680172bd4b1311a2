"""What the router remembers and can look up. The other rooms read and change it only through a `Turn`."""
