"""Where old events and notifications are moved to (manage.py archive)."""

from luffy.settings.environment import BASE_DIR, env, folder

# No folder of its own by default: in a container it would go with the container.
ARCHIVE_DIR = folder("ARCHIVE_DIR", BASE_DIR) if env.str("ARCHIVE_DIR", default="") else None
