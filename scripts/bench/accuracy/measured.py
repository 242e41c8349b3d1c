"""Runs a command and says what it cost: processor seconds, wall seconds, most memory, and how it ended, as JSON on the last line.

    python measured.py COMMAND [ARGUMENT ...]
"""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
wall = time.perf_counter() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
cost = {
    "code": done.returncode,
    "processorSeconds": usage.ru_utime + usage.ru_stime,
    "wallSeconds": wall,
    "peakMib": usage.ru_maxrss / 1024,
    "complaint": done.stderr[-2000:],
}
print(json.dumps(cost))
