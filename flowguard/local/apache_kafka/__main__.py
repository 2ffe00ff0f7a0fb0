"""``python -m flowguard.local.apache_kafka``: bring Apache Kafka into this environment, unless it is there.

With ``pin``, print what ``requirements/kafka.sha256`` has to hold after ``pom.xml`` was changed.
"""

import sys

from flowguard.errors import MissingComponent
from flowguard.local.apache_kafka import jars
from flowguard.local.java import java

try:
    if sys.argv[1:] == ["pin"]:
        sys.stdout.write(jars.pin())
    else:
        java("Apache Kafka", "kafka")
        jars.install(progress=lambda doing: sys.stderr.write(f"{doing} …\n"))
except MissingComponent as error:
    sys.exit(str(error))
