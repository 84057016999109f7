"""What a run by hand shares with one on CI."""

from hypothesis import settings

# The same examples each time, and none fails because the machine is slow.
settings.load_profile("ci")
