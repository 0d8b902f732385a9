"""Says when its first line ran: CLOCK_MONOTONIC, nanoseconds, which all processes of a machine share."""

import time

NOW = time.monotonic_ns()
print(NOW)
