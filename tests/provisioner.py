"""A worker of the queue ``provision``, without the queue: does the due work it is told on stdin.

Each line names an agency and a due row; what it took, in seconds, is answered in a line.
"""

import sys
import time
from uuid import UUID

import django


def main() -> None:
    django.setup()
    from django.db import close_old_connections

    from tenants import tasks

    print("ready", flush=True)
    for line in sys.stdin:
        agency_id, work_id = line.split()
        began = time.perf_counter()
        tasks.run(UUID(agency_id), int(work_id))
        print(f"{time.perf_counter() - began:.4f}", flush=True)
        close_old_connections()


if __name__ == "__main__":
    main()
