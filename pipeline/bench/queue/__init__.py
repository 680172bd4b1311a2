"""`earshot bench queue`: how long urgent and other cases wait when the router orders a file of arrivals."""
