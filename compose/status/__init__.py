"""How the running system is, and the one sentence that says what is wrong."""
