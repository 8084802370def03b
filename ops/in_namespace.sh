#!/bin/sh
# Runs a command in a network of its own: nothing gets out, nothing comes in.
#
#   ops/in_namespace.sh COMMAND [ARGUMENT…]
#
# WebRTC offers no loopback address to the other side, so a pair of virtual network cards stands in for the
# local network: 10.99.0.1/24 on v0, both ends inside. The network is gone when the command has ended.
set -eu

if [ "$#" -eq 0 ]; then
    echo "in_namespace: say which command to run" >&2
    exit 2
fi

prepare='
    PATH=$PATH:/usr/sbin:/sbin
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip address add 10.99.0.1/24 dev v0
    ip link set v0 up
    ip link set v1 up
'
if [ "$(id -u)" -eq 0 ]; then
    exec unshare --net sh -euc "$prepare"'exec "$@"' in_namespace "$@"
fi

if ! command -v sudo >/dev/null 2>&1; then
    echo "in_namespace: a network of its own needs root or sudo, and there is neither" >&2
    exit 1
fi
# root makes the network; the command is ours again
as_before="setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups env PATH='$PATH' HOME='$HOME'"
exec sudo --preserve-env unshare --net sh -euc "$prepare"'exec '"$as_before"' "$@"' in_namespace "$@"
