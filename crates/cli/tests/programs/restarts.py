"""Restarts in a row with uploaded files; a LocalCluster clears those away while its new workers look for them."""

import os

from connect import connect


def main(client):
    os.mkdir("elsewhere")
    with open("elsewhere/later.py", "w") as file:
        file.write("ANSWER = 42\n")
    client.upload_file("elsewhere/later.py")
    seen = set(client.run(os.getpid).values())
    for _ in range(5):
        kept = client.map(lambda x: x + 1, range(10))
        client.gather(kept)
        client.restart(timeout=60)
        now = set(client.run(os.getpid).values())
        answers = set(client.run(lambda: __import__("later").ANSWER).values())
        print(len(now), seen & now, {future.status for future in kept}, answers)
        seen |= now


if __name__ == "__main__":
    with connect() as client:
        main(client)
