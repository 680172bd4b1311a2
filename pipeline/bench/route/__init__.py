"""`earshot bench route`: what the router costs a record, beside the router of another checkout if one is given."""
