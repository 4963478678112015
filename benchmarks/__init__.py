"""`python -m benchmarks [NAME …]`: how fast the service is, on a real Redis and behind gunicorn."""
