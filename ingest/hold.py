"""How an app lets its server send an answer later; imports nothing.

Our own server answers POSTs in the thread that watches all connections: what a POST
waits for has to be held for, and its answer to fit what the kernel keeps.
"""

HOLD = "emostream.hold"
"""In a request's WSGI environment, if its server can send an answer later than the app
returns it: a function that takes a `Future`. The answer is sent when that is done; if
it raises `Refused`, that is said instead. With any other server the app waits."""
