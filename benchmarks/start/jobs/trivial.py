"""A trivial job for Caddis: `Client()` finds the cluster."""

from distributed import Client

if __name__ == "__main__":
    with Client() as client:
        assert client.submit(lambda x: x + 1, 1).result() == 2
