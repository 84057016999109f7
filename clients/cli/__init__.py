"""Commands for people: send a reaction, watch a room."""
