"""What subscribed addresses are told (contract §10, docs/webhooks.md)."""

from luffy.settings.environment import HOST, number, several
from luffy.settings.web import DEBUG

# Seconds that a delivery may take, from connecting to the last byte that is read.
WEBHOOK_TIMEOUT = number("WEBHOOK_TIMEOUT", 5, at_least=1, at_most=60)
# Hosts of an intranet: their addresses may be private.
WEBHOOK_ALLOWED_HOSTS = several("WEBHOOK_ALLOWED_HOSTS", [], HOST)
# Days that what was delivered is kept.
WEBHOOK_KEPT_DAYS = number("WEBHOOK_KEPT_DAYS", 30, at_least=1, at_most=36_500)
# This machine itself, without https: for a developer's consumer.
WEBHOOK_LOOPBACK = DEBUG
