"""The web process: gunicorn, made to hold out, with both apps on one port."""
