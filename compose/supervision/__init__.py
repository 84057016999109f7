"""supervisord, and what starts again whatever ends."""
