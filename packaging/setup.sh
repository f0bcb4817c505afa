# Sourced by run, test and bench: a Python, what Qt needs from the system, a virtual environment.
# Sets $here (the project), $venv and $python. Says with the exact command what it cannot install.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$here/.venv"

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1
    fi
}

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3.14 python3; do
        if command -v "$name" >/dev/null 2>&1 && "$name" - <<'PY' 2>/dev/null
import sys
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PY
        then command -v "$name"; return 0; fi
    done
    return 1
}

# Debian and Ubuntu: the shared libraries that Qt's platform plug-ins load.
qt_libraries="libgl1 libegl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 \
libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 \
libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"

install_system_packages() { # names of Debian packages
    command -v dpkg >/dev/null 2>&1 || return 0
    local name missing=""
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    say "Installing system packages:$missing"
    # shellcheck disable=SC2086  # a list of names
    if ! { as_root apt-get update -qq &&
           as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
               $missing >/dev/null; }; then
        say "These system packages are needed and could not be installed from here. Please run:"
        say "    sudo apt-get install$missing"
        return 1
    fi
}

# A browser and a PDF reader, in which the tests look at reports. Ubuntu has no Chromium of its own
# but the one that its installer fetches otherwise, so any that is there already will do.
browsers="chromium chromium-browser google-chrome google-chrome-stable"

install_report_readers() {
    local name found=""
    for name in $browsers; do
        if command -v "$name" >/dev/null 2>&1; then found=$name; fi
    done
    if [ -n "$found" ]; then install_system_packages poppler-utils
    else install_system_packages chromium poppler-utils
    fi || return 1
    if [ -z "$found" ] && ! command -v chromium >/dev/null 2>&1; then
        say "Chromium or Chrome is needed, in which the tests open reports. Please install one of them."
        return 1
    fi
}

set_up_python() {
    python=$(find_python) || {
        install_system_packages python3 python3-venv || exit 1
        python=$(find_python) || {
            say "Python 3.11 to 3.14 is needed. On Debian or Ubuntu: sudo apt-get install python3 python3-venv;"
            say "on macOS: brew install python@3.13"
            exit 1
        }
    }
    "$python" -c 'import venv, ensurepip' 2>/dev/null || install_system_packages python3-venv || exit 1
}

set_up_venv() { # the constraints file to install from
    local stamp="$venv/.installed-$(basename "$1")"
    if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    if [ ! -f "$stamp" ] || [ "$1" -nt "$stamp" ] || [ "$here/pyproject.toml" -nt "$stamp" ]; then
        say "Installing Python packages into .venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
            --no-build-isolation --editable "$here"
        touch "$stamp"
    fi
    python="$venv/bin/python"
}
