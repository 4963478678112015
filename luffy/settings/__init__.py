"""Settings of every place the service runs in: a file a topic, and this one way in.

What differs between places comes from the environment (`environment.py`); docs/settings.md has the
table.
"""

from luffy.settings.archive import *
from luffy.settings.content import *
from luffy.settings.database import *
from luffy.settings.desk import *
from luffy.settings.metrics import *
from luffy.settings.payments import *
from luffy.settings.redis import *
from luffy.settings.shop import *
from luffy.settings.tasks import *
from luffy.settings.telemetry import *
from luffy.settings.web import *
from luffy.settings.webhooks import *
