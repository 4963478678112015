"""gunicorn's configuration; `gunicorn luffy.wsgi` finds this file by itself."""

import os

from utils.environment import MOST_PROCESSES, MOST_THREADS, address, number
from utils.logs import PASSED_ON, level_of, to_console

bind = address("BIND", "PORT", 8000)
workers = number("WEB_CONCURRENCY", 2, at_least=1, at_most=MOST_PROCESSES)
worker_class = "gthread"
threads = number("WEB_THREADS", 4, at_least=1, at_most=MOST_THREADS)
timeout = 30  # seconds; every call to Redis and the database gives up long before
keepalive = 5
limit_request_line = 8190  # gunicorn itself refuses a longer one, in HTML
control_socket_disable = True  # the image's user has no home to put it in

# The path without its query, in which some front ends send their token.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(D)sus'
logger_class = "luffy.access_log.AccessLog"
# Its lines are of the level INFO.
logconfig_dict = to_console(
    level_of(os.environ.get("LOG_LEVEL", "")),
    {"gunicorn.error": PASSED_ON, "gunicorn.access": PASSED_ON},
)
