"""What the fork server imports and touches, so that no member has to.

The base is what every member needs and what each of them would otherwise pay for itself: Dask, the HTTP routes, the
version look-ups, and OpenSSL's first handshake (30 ms each in a fresh process). The steps are what is installed of
the heavy libraries, imported when nobody waits. Importing is all that happens here: nothing opens a socket, makes a
loop or starts a thread, and no key of any cluster is ever read.
"""

import importlib
import importlib.util
import os
import platform
import ssl

#: The oldest line that the tests run against.
MINIMUM = (2025, 12)

BASE = (
    "distributed",
    "distributed.scheduler",
    "distributed.worker",
    "distributed.nanny",
    "distributed.http.health",
    "distributed.http.proxy",
    "distributed.http.statics",
    "distributed.http.scheduler.info",
    "distributed.http.scheduler.json",
    "distributed.http.scheduler.prometheus",
    "distributed.http.worker.prometheus",
    "tornado.platform.asyncio",
    "encodings.ascii",
    "encodings.idna",
)

STEPS = (
    ("bokeh", ("bokeh", "distributed.dashboard.scheduler")),
    ("pandas", ("pandas",)),
    ("pyarrow", ("pyarrow", "pyarrow.parquet", "pyarrow.dataset")),
    ("dask.dataframe", ("dask.dataframe",)),
    ("dask.array", ("dask.array",)),
)

#: A key that protects nothing: it signs itself for one handshake inside this process's memory.
THROWAWAY = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIEkYFEmc3Y3PEhP/pdgbX1eRJJAg8skNKJ9dgTMyJ+bFoAoGCCqGSM49
AwEHoUQDQgAEDcFyvvcRozVAyUpUgIte4JMKSnerXG8jtPwUd1Nl+IbbdzwleTCm
pebyLhnBQA5HlQJBKJECt2q06suBjoSrjA==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIUTi+sMyC3apV4s1Yz4Vyy/fZeY+4wCgYIKoZIzj0EAwIw
KDEmMCQGA1UEAwwdY2FkZGlzIHdhcm0tdXAsIHdvcnRoIG5vdGhpbmcwIBcNMjYx
MTIzMjIzNjM5WhgPMjEyNjEwMzAyMjM2MzlaMCgxJjAkBgNVBAMMHWNhZGRpcyB3
YXJtLXVwLCB3b3J0aCBub3RoaW5nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
DcFyvvcRozVAyUpUgIte4JMKSnerXG8jtPwUd1Nl+IbbdzwleTCmpebyLhnBQA5H
lQJBKJECt2q06suBjoSrjKNTMFEwHQYDVR0OBBYEFAgPDiIQYn7oqxbDgbHTccWR
qz7sMB8GA1UdIwQYMBaAFAgPDiIQYn7oqxbDgbHTccWRqz7sMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAPQpgS+Iiz7EpB5SeEOIANwqBs+WW5RH
y5PyUIJmUwJFAiBby8Dk+wItBtjLusK5hOcuZZgie92eNUJZEpsyfaOOjQ==
-----END CERTIFICATE-----
"""


class CannotServe(Exception):
    """This environment cannot hold a Dask cluster; `code` says which way."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def base():
    """Import and warm what every member needs; the versions found."""
    try:
        dask, distributed = importlib.import_module("dask"), importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        code = "no_distributed" if error.name in ("dask", "distributed") else "import"
        raise CannotServe(code, str(error)) from error
    except Exception as error:
        raise CannotServe("import", f"{type(error).__name__}: {error}") from error
    if version_of(distributed) < MINIMUM:
        least = ".".join(map(str, MINIMUM))
        raise CannotServe("too_old", f"`distributed` is {distributed.__version__}, at least {least} is needed")
    import_base()
    warm_versions()
    warm_tls()
    return {
        "python": platform.python_version(),
        "distributed": distributed.__version__,
        "dask": dask.__version__,
    }


def version_of(module):
    """The first two numbers of a module's version."""
    return tuple(int(part) for part in module.__version__.split(".")[:2] if part.isdigit())


def import_base():
    """The modules of the base and our own entry points; a route module that is not there costs only its route."""
    import caddis.runtime.job
    import caddis.runtime.scheduler
    import caddis.runtime.worker  # noqa: F401

    for name in BASE:
        try:
            importlib.import_module(name)
        except ImportError:
            if not name.startswith("distributed.http."):
                raise CannotServe("import", f"`{name}` cannot be imported") from None


def warm_versions():
    """Fill the cache of `importlib.metadata` look-ups that every server does at its start."""
    from distributed.versions import get_versions

    get_versions()


def warm_tls():
    """One mutual handshake in memory, and Tornado's cached default contexts (they read the system's CA bundle)."""
    from tornado import netutil

    for name in ("_client_ssl_defaults", "_server_ssl_defaults"):
        make = getattr(netutil, name, None)
        if callable(make):
            make()
    try:
        handshake()
    except ssl.SSLError:
        pass  # a wrong clock, for instance: then the members are slower, not broken


def handshake():
    """The costly part of OpenSSL's start is fetching its algorithms; a handshake fetches all that Dask's comms use."""
    fd = os.memfd_create("throwaway")
    os.write(fd, THROWAWAY.encode())
    path = f"/proc/self/fd/{fd}"
    contexts = []
    for purpose in (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH):
        context = ssl.create_default_context(purpose=purpose, cafile=path)
        context.verify_mode = ssl.CERT_REQUIRED if purpose is ssl.Purpose.CLIENT_AUTH else context.verify_mode
        context.check_hostname = False
        context.load_cert_chain(path)
        contexts.append(context)
    os.close(fd)
    shake(*contexts)


def shake(server_context, client_context):
    """Drive both ends of a TLS connection through memory until both are done."""
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(upward, downward, server_side=True)
    client = client_context.wrap_bio(downward, upward)
    unfinished = [client, server]
    for _ in range(10):
        for end in list(unfinished):
            try:
                end.do_handshake()
                unfinished.remove(end)
            except ssl.SSLWantReadError:
                pass
    client.write(b"x")
    server.read(1)


def rehearse():
    """In a fork that stands by: do what a member will do first and leave no trace of it.

    A fork copies each page that it writes to, and half of a member's start goes into that; here nobody waits for it.
    """
    import asyncio

    import dask
    from distributed.http.routing import RoutingApplication
    from distributed.http.utils import get_handlers
    from tornado.ioloop import IOLoop

    async def turn():
        IOLoop.current()

    loop = asyncio.new_event_loop()
    try:
        handshake()
        loop.run_until_complete(turn())
        modules = dask.config.get("distributed.scheduler.http.routes")
        RoutingApplication(get_handlers(server=None, modules=modules, prefix="/rehearsal"))
    except Exception:
        pass  # what matters will fail again, and be told, when a member does it
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def steps(preload):
    """What to import when idle: (name, action), the user's own list first."""
    found = [(name, modules) for name, modules in STEPS if installed(modules[0])]
    return [(name, importer(modules)) for name, modules in [(p, (p,)) for p in preload] + found]


def installed(name):
    """Whether a module can be found, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def importer(modules):
    """A step that imports modules in order."""
    return lambda: [importlib.import_module(name) for name in modules]
