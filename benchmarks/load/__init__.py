"""The whole service under load, as it is deployed: `make load`.

A shop's day, and a sale's first minute (`shoppers.py`, sent by locust), against one worker and two,
with one Redis and with a cluster of three (`servers.py`).
"""
