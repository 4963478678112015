"""Numbers for Prometheus. Where `METRICS_DIR` is set, all processes of a machine write theirs into
files there, and `manage.py metrics` shows their sum; where it is not, nobody asks for them."""
