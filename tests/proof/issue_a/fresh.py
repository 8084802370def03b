"""A fresh Debian 12 and a fresh clone: `make test` and `make visit` do all the set-up themselves.

`debootstrap` makes the system in build/fresh/, with Python, make and git and nothing else of ours. How this machine
reaches its package registries (apt, pip and npm configuration, certificates) is copied into it, and nothing else.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.proof.harness import ROOT, Failed, Proof

FRESH = ROOT / "build" / "fresh"
SYSTEM = FRESH / "debian"
CLONE = SYSTEM / "root" / "telemed"
SUITE = "bookworm"
GIVEN = ("python3", "python3-venv", "make", "git", "ca-certificates", "iproute2")
COMMANDS = ("make test", "make visit")
TIMEOUT_S = 3600

REGISTRY_FILES = (
    "etc/resolv.conf",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d",
    "etc/apt/apt.conf.d",
    "etc/pip.conf",
    "etc/npmrc",
    "usr/etc/npmrc",
    "usr/local/share/ca-certificates",
)
HOME_FILES = (".npmrc", ".config/pip")
REGISTRY_VARIABLES = (
    "PIP_",
    "NPM_",
    "npm_",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_",
    "http",
    "HTTP",
    "no_proxy",
    "NO_PROXY",
)

INSIDE = """
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --rbind /sys "$1/sys"
exec chroot "$1" sh -euc "$2"
"""
"""Mounts and processes end with the command: both live in namespaces of their own."""


def step(_seed: int, number: int) -> str:
    """One command in the fresh system; the first step makes it.

    Raises:
        Failed: the command does not end with 0.
    """
    if number == 0:
        _make_system()
        _clone()
    return _run(COMMANDS[number])


def _make_system() -> None:
    program = shutil.which("debootstrap")
    if program is None:
        raise Failed("debootstrap is missing: install Debian's package of that name")
    shutil.rmtree(FRESH, ignore_errors=True)
    SYSTEM.mkdir(parents=True)
    command = [program, "--variant=minbase", f"--include={','.join(GIVEN)}", SUITE, str(SYSTEM)]
    _checked(command, "debootstrap")
    _copy_registry_configuration()
    _start_no_services()
    _inside("update-ca-certificates", "certificates")


def _copy_registry_configuration() -> None:
    pairs = [(Path("/") / name, SYSTEM / name) for name in REGISTRY_FILES]
    (SYSTEM / "etc/apt/sources.list").unlink()  # debootstrap's own; this machine's takes its place
    pairs += [(Path.home() / name, SYSTEM / "root" / name) for name in HOME_FILES]
    for source, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, target)


def _start_no_services() -> None:
    """A package that brings a service must not start it here (Debian policy 9.3.3, invoke-rc.d)."""
    policy = SYSTEM / "usr" / "sbin" / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)


def _clone() -> None:
    _checked(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(CLONE)], "clone")


def _run(command: str) -> str:
    log = _inside(f"cd /root/telemed; {command}", command.replace(" ", "-"))
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"{command}: {lines[-1].strip('= ')}" if lines else command


def _inside(command: str, name: str) -> Path:
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return _checked([*namespaces, "sh", "-euc", INSIDE, "sh", str(SYSTEM), command], name, _environment())


def _checked(command: list[str], name: str, environment: Mapping[str, str] | None = None) -> Path:
    path = FRESH / f"{name}.log"
    with path.open("wb") as log:
        ended = subprocess.run(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, timeout=TIMEOUT_S, check=False
        )
    if ended.returncode != 0:
        last = path.read_text(errors="replace").strip().splitlines()[-1:]
        raise Failed(f"{name} ended with {ended.returncode}: {' '.join(last)} ({path.relative_to(ROOT)})")
    return path


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(REGISTRY_VARIABLES)}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {**kept, "PATH": path, "HOME": "/root", "LANG": "C.UTF-8"}


PROOF = Proof(issue="a", name="fresh", seed=0, count=len(COMMANDS), step=step)
