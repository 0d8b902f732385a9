"""Dask's configuration inside a member, which read none of its own environment at import.

Precedence, lowest first: the fork server's (the user's YAML files), the role's, `DASK_*` of the launch's environment,
what makes the cluster reachable (address, certificates).
"""

import os

import dask


def configure(role):
    """Apply the role's configuration and the environment's."""
    if "DASK_CONFIG" in os.environ or "DASK_ROOT_CONFIG" in os.environ:
        dask.config.refresh()
    merge(role.get("config") or {})
    dask.config.update(dask.config.config, dask.config.collect_env(os.environ), priority="new")


def merge(settings):
    """Set dotted keys, and merge nested ones without dropping their siblings."""
    for key, value in settings.items():
        if isinstance(value, dict) and "." not in key:
            dask.config.update(dask.config.config, {key: value}, priority="new")
        else:
            dask.config.set({key: value})


def own_scratch():
    """No lock files in scratch folders: whoever owns the run folder removes what a dead member left there."""
    dask.config.set({"distributed.worker.use-file-locking": False})


def security(tls):
    """The TLS identity of a scheduler or worker; a task that opens a client uses the same one."""
    from distributed import Security

    names = {"tls_ca_file": tls["ca"]}
    for part in ("scheduler", "worker", "client"):
        names[f"tls_{part}_cert"] = tls["cert"]
        names[f"tls_{part}_key"] = tls["key"]
    return Security(require_encryption=True, **names)


def reach(address, tls):
    """Make `Client()` without arguments find the cluster.

    Encryption is not made a must: a script's own plain `LocalCluster` works as it would anywhere else.
    """
    settings = {"scheduler-address": address}
    if tls:
        settings["distributed.comm.tls.ca-file"] = tls["ca"]
        settings["distributed.comm.tls.client.cert"] = tls["cert"]
        settings["distributed.comm.tls.client.key"] = tls["key"]
    dask.config.set(settings)
