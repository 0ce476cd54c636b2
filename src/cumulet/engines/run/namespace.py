"""A private view of the file system: folders shown under other paths, to one program and its children.

Standard library only: the supervisor imports it by path. Nothing is ever made on the host. Where the mount
point does not exist, its nearest existing parent is rebuilt in memory from bind mounts of its own entries;
where that parent is `/`, the program gets a new root made the same way.
"""
# pathlib takes longer to import than this whole program to start.
# ruff: noqa: PTH102, PTH103, PTH106, PTH110, PTH112, PTH115, PTH116, PTH117, PTH118, PTH120, PTH123, PTH211

import ctypes
import os
import subprocess
import sys
from functools import cache

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x4000000, 0x10000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
KEPT = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
MNT_DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
PROBE = (
    "import sys; sys.path.append(sys.argv[1]); import namespace, os;"
    "namespace.enter({'/opt/cumulet-probe/x': '/'}); os.listdir('/opt/cumulet-probe/x/etc')"
)


def mounts_supported() -> bool:
    """Whether tasks may have `mounts` here."""
    return not mounts_refused()


def mounts_refused() -> str:
    """Why tasks can have no `mounts` here; "" where they can. `CUMULET_NO_NAMESPACE=1` says so by hand."""
    if os.environ.get("CUMULET_NO_NAMESPACE"):
        return "CUMULET_NO_NAMESPACE is set."
    return _probe()


@cache
def _probe() -> str:
    if sys.platform != "linux":
        return f"{sys.platform} has no mount namespaces."
    command = [sys.executable, "-I", "-S", "-c", PROBE, os.path.dirname(__file__)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return ""
    return "No private mount namespace: " + tried.stderr.strip().rpartition("\n")[2]


def enter(mounts: dict[str, str], hostname: str = "", *, offline: bool = False) -> None:
    """Move this (single-threaded) process into a namespace of its own in which the mounts are made."""
    _unshare(CLONE_NEWNS | (CLONE_NEWUTS if hostname else 0) | (CLONE_NEWNET if offline else 0))
    if offline:
        _raise_loopback()
    if hostname:
        _libc("sethostname", hostname.encode(), len(hostname.encode()))
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    if any(_existing(target) == "/" for target in mounts):
        _new_root()
    sources = {target: os.open(source, os.O_PATH) for target, source in mounts.items()}
    for target in sorted(sources):
        if not os.path.isabs(target):
            raise ValueError(f"a mount needs an absolute path, not {target}")
        _make_point(target, folder=os.path.isdir(mounts[target]))
        _mount(f"/proc/self/fd/{sources[target]}", target, None, MS_BIND | MS_REC)
    for descriptor in sources.values():
        os.close(descriptor)


def shield(folder: str, scratch: str) -> None:
    """In the namespace: what is written below a folder goes to copies in `scratch`.

    A scratch that cannot hold them (it lies on an overlay itself, as in many containers) is covered with memory.
    Where there are no overlays at all, the folder is closed: whatever happens, nobody writes to the files in it.
    Source: https://docs.kernel.org/filesystems/overlayfs.html
    """
    if not os.path.isdir(folder):
        return
    import shutil  # takes longer than all else here, and is for few

    shutil.rmtree(scratch, ignore_errors=True)
    if _overlay(folder, scratch):
        return
    _mount("tmpfs", scratch, "tmpfs", 0, "mode=755")
    if not _overlay(folder, scratch):
        close(folder)


def close(folder: str) -> None:
    """In the namespace: nothing below a folder can be written to. No longer so once it is mounted again."""
    if os.path.isdir(folder):
        _mount(folder, folder, None, MS_BIND | MS_REC)
        flags = os.statvfs(folder).f_flag & KEPT  # those may not be taken off by who did not put them on
        _mount("none", folder, None, MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def _overlay(folder: str, scratch: str) -> bool:
    layers = {"lowerdir": folder, "upperdir": f"{scratch}/written", "workdir": f"{scratch}/work"}
    for layer in ("upperdir", "workdir"):
        os.makedirs(layers[layer], exist_ok=True)
    # By descriptor: in a path a comma or a colon would mean something here.
    opened = {layer: os.open(path, os.O_PATH) for layer, path in layers.items()}
    data = ",".join(f"{layer}=/proc/self/fd/{descriptor}" for layer, descriptor in opened.items())
    mine = ",userxattr" if os.geteuid() else ""  # what who is not root needs, in a namespace of its own
    try:
        _mount("overlay", folder, "overlay", 0, data + mine)
    except OSError:
        return False
    finally:
        for descriptor in opened.values():
            os.close(descriptor)
    return True


def _unshare(wanted: int) -> None:
    """Root needs no more than the namespaces; others become themselves in a user namespace that owns them."""
    if os.geteuid() == 0 and not _libc("unshare", wanted, fatal=False):
        return
    user, group = os.geteuid(), os.getegid()
    _libc("unshare", CLONE_NEWUSER | wanted)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _raise_loopback() -> None:
    """In a network of its own, a program still reaches itself. Source: netdevice(7)."""
    import fcntl  # these three are for few, and take time
    import socket
    import struct

    set_flags, up, running = 0x8914, 0x1, 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up | running))


def _existing(target: str) -> str:
    """The folder itself, or its nearest parent that there is."""
    while not os.path.isdir(target):
        if os.path.exists(target):
            return target
        target = os.path.dirname(target)
    return target


def _make_point(target: str, *, folder: bool) -> None:
    if os.path.exists(target):
        return
    parent = _existing(target)
    if parent != "/":
        _rebuild(parent)
    os.makedirs(target if folder else os.path.dirname(target), exist_ok=True)
    if not folder:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))


def _rebuild(parent: str) -> None:
    """Cover a folder with memory, and in it bind every entry that it had."""
    below = os.open(parent, os.O_PATH)
    mode = os.stat(parent).st_mode & 0o7777
    _mount("tmpfs", parent, "tmpfs", 0, f"mode={mode:o}")
    _show_all(f"/proc/self/fd/{below}/.", parent)
    os.close(below)


def _new_root() -> None:
    """`/` cannot be covered, so build another in memory, over /tmp, and move there; /tmp itself comes last,
    since it can only be seen again once the new root has left its place."""
    place, old = "/tmp", "/.old"
    _mount("tmpfs", place, "tmpfs", 0, "mode=755")
    _show_all("/", place, without="tmp")
    for name in ("tmp", ".old"):
        os.mkdir(f"{place}/{name}")
    _libc("syscall", PIVOT_ROOT[os.uname().machine], place.encode(), (place + old).encode())
    os.chdir("/")
    _mount(old + place, place, None, MS_BIND | MS_REC)
    _libc("umount2", old.encode(), MNT_DETACH)
    os.rmdir(old)


def _show_all(folder: str, place: str, without: str = "") -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name != without:
                _show(entry, os.path.join(place, entry.name))


def _show(entry: "os.DirEntry[str]", place: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), place)
        return
    if entry.is_dir():
        os.mkdir(place)
    else:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
    _mount(entry.path, place, None, MS_BIND | MS_REC)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    coded = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    _libc("mount", *coded[:3], flags, os.fsencode(data))


def _libc(name: str, *arguments: object, fatal: bool = True) -> int:
    result = int(getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments))
    if result and fatal:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", str(arguments))
    return result


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
