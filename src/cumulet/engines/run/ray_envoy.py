"""The process on the server's machine that has one program run on a Ray cluster, and speaks for it here.

It is the program, as far as its supervisor can tell: what that one prints it prints, a request to end it passes
on, and what changes in the program's folders it writes to the server's. It is the actor's owner, too: where it is
killed, Ray ends the actor and so the program; nothing is left on the cluster.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cumulet.engines.run import baggage, processes, ray_keeper, status
from cumulet.engines.run.relay import Door, Gate

PACKAGE = Path(__file__).parent
ORDER, OUTCOME, USAGE, HURRY, ABOUT = "order.json", "outcome", "usage.json", "hurry", "about.json"
OWN = ("process",)  # of the task's home: this machine's part of the run
SAY_AFTER = 2.0  # seconds of waiting for room that are not worth a word
SLOW = 20.0  # the same where there seems to be room: a node may be slow, or no single one have all that is wanted
FOLLOW = 0.5  # seconds that the actor waits for something to tell
SYNC = 1.0  # seconds between two looks at what has changed
KNOCKING = 20.0  # seconds for the cluster to accept a connection
ROOM = {
    "CPU": "num_cpus",
    "GPU": "num_gpus",
    "memory": "memory",
}  # Ray's resources and the options that ask for them
AHEAD = 4  # messages under way at a time


class Envoy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.order: dict[str, Any] = json.loads((folder / ORDER).read_text())
        (folder / ORDER).unlink()  # it may hold secrets
        self.roots: list[str] = []
        self.renewed = {path: _written(path) for path in self.order["renews"]}
        self.door: Door | None = None
        self.stopping = self.told = False
        self.began = time.time()
        signal.signal(signal.SIGTERM, self._ask_stop)

    def _ask_stop(self, *_: Any) -> None:
        self.stopping = True

    def run(self) -> int:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray

        self.ray: Any = ray
        try:
            self._connect()
            outcome = self._work()
        except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
            outcome = self._lost(error)
        status.write(str(self.folder / OUTCOME), outcome)
        return 0 if outcome["exit_code"] == 0 else 1

    def _connect(self) -> None:
        knock(self.order["cluster"])
        self.ray.init(
            address=self.order["cluster"],
            log_to_driver=False,
            configure_logging=False,
            namespace="cumulet",
        )
        signal.signal(signal.SIGTERM, self._ask_stop)  # Ray has put its own in this place

    def _work(self) -> dict[str, Any]:
        self.keeper = self._placed()
        if self.keeper is None:
            return self._outcome("stopped")
        refused = self._begun()
        if refused:
            print(refused, file=sys.stderr, flush=True)
            return self._outcome("exited", 126)
        return self._followed()

    # A place on the cluster

    def _placed(self) -> Any:
        """The actor, once the cluster has room for it; None where nobody wants it any more."""
        self.ray.cloudpickle.register_pickle_by_value(ray_keeper)
        kit = {path.name: path.read_bytes() for path in PACKAGE.glob("*.py")}
        wanted = self._wanted()
        short, since = self._short(wanted), time.monotonic()
        waiting, patience = self._waiting(wanted), SAY_AFTER if short else SLOW
        actor = self.ray.remote(ray_keeper.Keeper).options(**wanted, max_concurrency=4, max_restarts=0)
        keeper = actor.remote(kit)
        about = keeper.about.remote()
        while not self.ray.wait([about], timeout=0.2)[0]:
            if self.stopping:
                self.ray.kill(keeper)
                return None
            if waiting and time.monotonic() - since > patience:
                print(waiting, flush=True)
                waiting = ""
        self.about = self.ray.get(about)
        return keeper

    def _wanted(self) -> dict[str, Any]:
        """What is larger than every node is cut down to all of one."""
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]

        def most(kind: str) -> float:
            return max((node.get(kind, 0) for node in nodes), default=0)

        return {
            "num_cpus": min(self.order["processors"], most("CPU")),
            "num_gpus": min(self.order["gpus"], most("GPU")),
            "memory": min(self.order["memory"] or 0, most("memory")) or None,
        }

    def _short(self, wanted: dict[str, Any]) -> bool:
        """Whether the cluster has no room now. That all of it together has does not mean that a node has."""
        left = self.ray.available_resources()
        return any(left.get(kind, 0) < (wanted[option] or 0) for kind, option in ROOM.items())

    def _waiting(self, wanted: dict[str, Any]) -> str:
        """What is waited for, and what there is."""
        total, left = self.ray.cluster_resources(), self.ray.available_resources()
        told = [
            f"{wanted[option]:g} {kind} wanted, {left.get(kind, 0):g} of {total.get(kind, 0):g} free"
            for kind, option in ROOM.items()
            if wanted[option]
        ]
        return f"Waiting for room on the Ray cluster: {'; '.join(told)}"

    # The beginning

    def _begun(self) -> str:
        if not self._meet():
            return "One of its hosts ended before all had begun."
        beacon, word = self.folder / "beacon", secrets.token_hex(16)
        beacon.write_text(word)
        needed = [*self._paths(), self.order["python"]["executable"]]
        here = self._ask("sees", str(beacon), word, needed)
        beacon.unlink()
        carried = {} if here else self._carry()
        if carried or self.about["machine"] != processes.machine():
            self._open_gate()
        return str(self._ask("begin", self.order["task"], carried))

    def _meet(self) -> bool:
        """Wait until all hosts of the task have a place; where those are several machines, their real addresses
        take the place of loopback ones. False where one has ended already."""
        write_json(self.folder / ABOUT, self.about)
        found: dict[str, dict[str, str]] = {}
        others = {name: Path(folder) for name, folder in self.order["hosts"].items()}
        while others.keys() - found.keys():
            for name, folder in others.items():
                if (folder / ABOUT).exists():
                    found[name] = json.loads((folder / ABOUT).read_text())
                elif self.stopping or (folder / OUTCOME / "status.json").exists():
                    return False
            time.sleep(0.05)
        if len({about["machine"] for about in found.values()}) > 1:
            self._use_addresses({name: about["address"] for name, about in found.items()})
        return True

    def _use_addresses(self, addresses: dict[str, str]) -> None:
        task = self.order["task"]
        file = Path(task["mounts"]["/etc/hosts"])
        kept = [
            line
            for line in file.read_text().splitlines()
            if line.split()[1:] and line.split()[1] not in addresses
        ]
        new = [f"{address} {name}" for name, address in addresses.items()]
        file.write_text("\n".join([*new, *kept]) + "\n")
        for name in task["environment"]:
            if name.endswith("_SOCKET_IFNAME"):
                task["environment"][name] = self.about["interface"]

    def _paths(self) -> list[str]:
        """All that has to be there: what comes back when it changes first."""
        return [*self.order["returns"], *self.order["carries"]]

    def _carry(self) -> dict[str, int]:
        """Send all to the node; which of its copies is which of our paths."""
        self.roots = list(self.order["returns"])
        paths, under_way = self._paths(), []
        for number, path in enumerate(paths):
            for message in baggage.pieces(path, self._without(path)):
                under_way.append(self.keeper.receive.remote(number, message))
                while len(under_way) >= AHEAD:
                    self.ray.get(under_way.pop(0))
        self.ray.get(under_way)
        self._ask("remember", [n for n, root in enumerate(self.roots) if Path(root).is_dir()])
        return {path: number for number, path in enumerate(paths)}

    def _without(self, path: str) -> tuple[str, ...]:
        return OWN if self.folder.parent == Path(path) else ()

    def _open_gate(self) -> None:
        """Let the program reach those ports of this machine that its environment names."""
        reaches, task = self.order["reaches"], self.order["task"]
        if not reaches:
            return
        gate = Gate(reaches)
        place = (_own_address(self.about["address"]), gate.port)
        doors = self._ask("opened", place, gate.secret, reaches)
        for name, value in task["environment"].items():
            for address, door in doors.items():
                value = value.replace(address, door)
            task["environment"][name] = value

    # The middle and the end

    def _followed(self) -> dict[str, Any]:
        synced = time.monotonic()
        while True:
            self._heed()
            told = self._ask("follow", FOLLOW, self.door is not None)
            _write(sys.stdout.fileno(), told["log"])
            _write(sys.stderr.fileno(), told["errors"])
            self._keep_usage(told["usage"])
            if told["listens"] and not (self.door and self.door.open):
                self._open_door()
            if told["outcome"] or time.monotonic() - synced > SYNC:
                self._renew()
                self._bring_back()
                synced = time.monotonic()
            if told["outcome"]:
                self._ask("leave")
                return dict(told["outcome"])

    def _open_door(self) -> None:
        """The program listens on its node: let it be asked here, for as long as it lives."""
        port, secret = self._ask("gate")
        self.door = Door((self.about["address"], port), secret, 0, self.order["answers"])
        threading.Thread(target=self.door.shut_behind, daemon=True).start()

    def _renew(self) -> None:
        """Send what the server has written anew to a node that has copies."""
        for path, before in list(self.renewed.items()) if self.roots else []:
            self.renewed[path] = _written(path)
            if self.renewed[path] != before:
                number = next(n for n, root in enumerate(self.roots) if Path(path).is_relative_to(root))
                name = str(Path(path).relative_to(self.roots[number]))
                self._ask("renew", number, list(baggage.read(self.roots[number], name)))

    def _heed(self) -> None:
        if not self.stopping:
            return
        if (self.folder / HURRY).exists():
            self._ask("end")
        elif not self.told:
            self._ask("stop")
            self.told = True

    def _bring_back(self) -> None:
        if not self.roots:
            return
        for number, (new, gone) in self._ask("changes").items():
            root = self.roots[number]
            for name, (mode, changed, _) in new:
                self._bring(number, root, name, mode, changed)
            baggage.forget(root, gone)

    def _bring(self, number: int, root: str, name: str, mode: int, changed: int) -> None:
        if not stat.S_ISREG(mode):
            found = self._ask("read", number, name, 0) if stat.S_ISLNK(mode) else [b""]
            return baggage.put(root, [(name, mode, changed, 0, target) for target in found])
        scratch = self.folder / "coming"
        with scratch.open("wb") as file:
            for piece in self._pieces(number, name):
                file.write(piece)
        return baggage.replace(str(Path(root) / name), str(scratch), mode, changed)

    def _pieces(self, number: int, name: str) -> Iterator[bytes]:
        offset = 0
        while (found := self._ask("read", number, name, offset)) and found[0]:
            yield found[0]
            offset += len(found[0])

    def _keep_usage(self, usage: tuple[float, int]) -> None:
        write_json(self.folder / USAGE, usage)

    def _ask(self, method: str, *arguments: Any) -> Any:
        return self.ray.get(getattr(self.keeper, method).remote(*arguments))

    def _lost(self, error: BaseException) -> dict[str, Any]:
        first = str(error).strip().splitlines()
        said = f"the Ray cluster has lost it: {type(error).__name__}: {' '.join(first[:4])}"
        return self._outcome("lost") | {"said": said[:500]}

    def _outcome(self, reason: str, exit_code: int | None = None) -> dict[str, Any]:
        return {
            "exit_code": exit_code,
            "reason": reason,
            "started": self.began,
            "ended": time.time(),
            "peak_memory_bytes": 0,
            "cpu_seconds": 0.0,
        }


def knock(cluster: str) -> None:
    """OSError where nobody listens at a cluster's address: Ray itself would try for minutes."""
    host, _, port = cluster.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), KNOCKING).close()


def write_json(path: Path, value: Any) -> None:
    """There at once or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(value))
    new.rename(path)


def _own_address(other: str) -> str:
    """By which address of this machine another one reaches it. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((other, 9))
        return str(probe.getsockname()[0])


def _written(path: str) -> int:
    """When a file was written."""
    return Path(path).stat().st_mtime_ns


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def main(folder: str) -> None:
    code = Envoy(Path(folder)).run()
    sys.stdout.flush()
    os._exit(code)  # Ray's own farewell takes a second; the cluster sees the connection end
