"""Ends its own cluster, and has something to do after that."""

import sys
import time

from connect import connect
from distributed import Client


def main(client):
    address = client.scheduler.address
    print("sum", client.submit(sum, [1, 2]).result())
    client.shutdown()
    print("status", client.status)
    try:
        Client(address, security=client.security, timeout="300ms")
    except OSError as error:
        print("gone", type(error).__name__)
    until = time.monotonic() + 9
    while time.monotonic() < until:
        time.sleep(0.1)
    print("and more to do")
    return 4


if __name__ == "__main__":
    sys.exit(main(connect()))
