"""The same job with a LocalCluster of its own, of the shape that Caddis gives it."""

from distributed import Client, LocalCluster

if __name__ == "__main__":
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="1GiB", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        assert client.submit(lambda x: x + 1, 1).result() == 2
