#!/usr/bin/env bash
# Makes a virtual environment where Debian's Python lacks the venv module: installs it, or says how.
set -euo pipefail
python=$1
venv=$2
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
echo "Installing python3-venv"
if ! { "${as_root[@]}" apt-get update -q >/dev/null && "${as_root[@]}" apt-get install -y -q python3-venv >/dev/null; }; then
    echo "Python's venv module is missing. Run this once, then make again:  sudo apt-get install python3-venv" >&2
    exit 1
fi
rm -rf "$venv"
"$python" -m venv "$venv"
