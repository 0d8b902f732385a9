"""The fork server: imports Dask once, then turns forks of itself into members on request.

It holds no secret, no loop and exactly one thread, before every fork; an import that leaves a thread behind makes it
start itself anew without that import. Members are forked twice, so that the keeper (a subreaper) is their parent.
Once everything is imported a few forks stand by: two forks of a large process take 10 ms, and a cluster wants four
members at once. The wire is described in `docs/KEEPER.md`. Everything a member does is in `member`.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import time

from caddis.runtime import member, warm

CONTROL_FD = 3
#: A request is one packet; a launch that could outgrow the socket's buffer travels as a fifth descriptor instead.
PACKET_BYTES = 4 << 20
#: Nobody has asked for so long: import the next thing. Make the next fork that stands by, which takes 30 ms of a core:
#: a cluster that was just started needs them for its client's first task.
IMPORT_AFTER_MS, STANDBY_AFTER_MS = 200, 1000
#: A scheduler, two workers and a job.
STANDBYS = 4


def threads():
    """How many threads the kernel knows in this process; Python's own count misses those of C libraries."""
    return len(os.listdir("/proc/self/task"))


class ForkServer:
    """Answers requests on the control socket, and imports more whenever nobody has asked for a while."""

    def __init__(self, control, preload, left_out):
        self.control = control
        self.steps = [step for step in warm.steps(preload) if step[0] not in left_out]
        self.standbys = []

    def say(self, **message):
        """One packet to the keeper; a keeper that has gone is noticed at the next read."""
        try:
            self.control.send(json.dumps(message).encode())
        except OSError:
            pass

    def run(self):
        """Serve until told to quit or until the keeper is gone. Members are not touched by either."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        busy_with = 0
        while True:
            if not poll.poll(self.patience(busy_with)):
                busy_with = self.use_idleness()
                continue
            busy_with = 0
            packet, fds = receive(self.control)
            if not packet:
                return
            request = decode(packet, fds)
            if "quit" in request:
                return
            self.launch(request["launch"], packet, fds)

    def patience(self, busy_with):
        """Milliseconds of silence after which to do something of our own, None for ever."""
        if self.steps:
            return IMPORT_AFTER_MS
        if len(self.standbys) < STANDBYS:
            return 0 if busy_with else STANDBY_AFTER_MS
        return None

    def use_idleness(self):
        """Import something, or make a standby; whether the latter."""
        if self.steps:
            self.import_next()
            return False
        try:
            self.standbys.append(self.stand_by())
        except OSError:
            time.sleep(1)  # no process to be had at present
        return True

    def launch(self, launch, packet, fds):
        """Have one member run and say its pid, or why there is none."""
        try:
            pid = self.hand_over(packet, fds) or self.fork_twice(lambda: become(launch, fds))
        except OSError as error:
            self.say(refused={"key": launch["key"], "message": f"cannot fork: {error}"})
        else:
            self.say(forked={"key": launch["key"], "pid": pid})
        finally:
            for fd in fds:
                os.close(fd)

    def hand_over(self, packet, fds):
        """Give a request to a standby; its pid, or None when there is none that takes it."""
        while self.standbys:
            pid, wire = self.standbys.pop(0)
            with wire:
                try:
                    socket.send_fds(wire, [packet], fds)
                    return pid
                except OSError:
                    continue  # it died, or the packet is too long for this socket: then it ends now, unused
        return None

    def stand_by(self):
        """A fork that waits to be told whom to be; (pid, socket). It ends when the other end is closed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PACKET_BYTES)

        def wait():
            ours.close()
            warm.rehearse()
            packet, fds = receive(theirs)
            if packet:
                theirs.close()
                become(decode(packet, fds)["launch"], fds)
            os._exit(0)

        with theirs:
            try:
                return self.fork_twice(wait), ours
            except OSError:
                ours.close()
                raise

    def fork_twice(self, body):
        """The pid of a grandchild that calls `body`; its parent dies at once and leaves it to the keeper."""
        reader, writer = os.pipe()
        middle = os.fork()
        if middle == 0:
            answer = b""
            try:
                pid = os.fork()
                if pid == 0:
                    self.be(body, reader, writer)
                answer = str(pid).encode()
            except OSError as error:
                answer = b"-%d" % error.errno
            finally:
                os.write(writer, answer)
                os._exit(0)
        os.close(writer)
        answer = int(os.read(reader, 32) or b"-11")
        os.close(reader)
        os.waitpid(middle, 0)
        if answer < 0:
            raise OSError(-answer, os.strerror(-answer))
        return answer

    def be(self, body, *pipe):
        """In a child: let go of the fork server's descriptors, lest others miss an end of file. Never returns."""
        try:
            for fd in pipe:
                os.close(fd)
            self.control.close()
            for _, wire in self.standbys:
                wire.close()
            body()
        finally:
            os._exit(member.BROKEN)

    def import_next(self):
        """One step of the idle imports, checked for the thread it must not leave behind."""
        name, action = self.steps.pop(0)
        started = time.perf_counter()
        said = {"imported": name}
        try:
            action()
        except Exception as error:
            said["error"] = f"{type(error).__name__}: {error}"
        settle()
        said["ms"] = round((time.perf_counter() - started) * 1e3)
        said["threads"] = threads()
        if said["threads"] > 1:
            self.say(**said, left_out=True)
            start_anew_without(name)
        self.say(**said)


def receive(wire):
    """One packet with its descriptors; an empty one at end of file."""
    packet, fds, flags, _ = socket.recv_fds(wire, PACKET_BYTES, 8)
    if flags & socket.MSG_TRUNC:
        raise SystemExit("a request of the keeper was longer than a packet")
    return packet, fds


def decode(packet, fds):
    """A request; when five descriptors came, the fifth holds it instead of the packet."""
    if len(fds) == 5:
        packet = os.pread(fds[4], os.fstat(fds[4]).st_size, 0)
    return json.loads(packet)


def become(launch, fds):
    """In the child: be the member. Never returns, whatever happens."""
    try:
        os.setsid()
        for target, fd in enumerate(fds[:3]):
            os.dup2(fd, target)
        for fd in [*fds[:3], *fds[4:]]:
            os.close(fd)
        member.run(launch, fds[3], forked=True)
    finally:
        os._exit(member.BROKEN)


def settle():
    """Move all that lives out of the collector's sight: a collection in a member must not touch shared pages."""
    gc.collect()
    gc.freeze()


def start_anew_without(name):
    """Replace this process by itself without the import `name`: the same pid, the same socket, one thread again."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], f"--leave-out={name}"])


def main(arguments):
    """`[MODULE...] [--leave-out=STEP...]`: the modules are the user's preload list."""
    left_out = {a.split("=", 1)[1] for a in arguments if a.startswith("--leave-out=")}
    preload = [a for a in arguments if not a.startswith("--")]
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a fork that is hit before it is somebody leaves without a word
    server = ForkServer(socket.socket(fileno=CONTROL_FD), preload, left_out)
    member.prepare_streams()
    started = time.perf_counter()
    try:
        versions = warm.base()
    except warm.CannotServe as error:
        server.say(failed={"code": error.code, "message": str(error)})
        return 1
    settle()
    if threads() > 1:
        server.say(failed={"code": "threads", "message": f"{threads()} threads after importing `distributed`"})
        return 1
    took = round((time.perf_counter() - started) * 1e3)
    server.say(serving={"pid": os.getpid(), **versions, "imported_ms": took, "left_out": sorted(left_out)})
    server.run()
    return 0


if __name__ == "__main__":
    # Members replace `__main__`; they must find one and the same module under the importable name.
    from caddis.runtime import forkserver

    sys.exit(forkserver.main(sys.argv[1:]))
