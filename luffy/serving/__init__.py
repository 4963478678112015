"""How the service is served: gunicorn's processes, each with waitress inside."""
