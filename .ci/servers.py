"""Says whether the two real servers that the gate needs are there; exit status 1 if not."""

import os
import sys

import psycopg
import redis

missing = []
try:
    psycopg.connect(os.environ["TEST_DATABASE"], connect_timeout=3).close()
except psycopg.OperationalError as error:
    missing.append(f"No PostgreSQL at {os.environ['TEST_DATABASE']}: {error}")
try:
    redis.Redis.from_url(os.environ["TEST_REDIS"], socket_connect_timeout=3).ping()
except redis.RedisError as error:
    missing.append(f"No Redis at {os.environ['TEST_REDIS']}: {error}")
if missing:
    sys.exit("\n".join([*missing, "Set TEST_DATABASE_URL and TEST_REDIS_URL to ones that are."]))
