#!/usr/bin/env bash
# Installs the Debian packages that the tests need: real SIP peers, a browser, a real DNS server and a real PostgreSQL. Idempotent.
# Building and running offhook itself needs none of them.
set -euo pipefail

packages=(sip-tester baresip-core kamailio kamailio-tls-modules sngrep tshark twinkle-console postgresql nsd chromium-headless-shell coturn)
# A browser's SIP stack runs in Node, which may be there by other means than Debian's.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "These packages are missing and this system has no apt-get: ${missing[*]}" >&2
    echo "Install SIPp, baresip, Kamailio, sngrep, tshark, Twinkle, NSD, Chromium, coturn and PostgreSQL 15 or newer by your system's own means, then run make again." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
        echo "These packages are missing: ${missing[*]}" >&2
        echo "Run this once, then make again:  sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo -n)
fi
echo "Installing ${missing[*]}"
# A private PostgreSQL cluster is made per test run; the system-wide one is not wanted.
"${as_root[@]}" apt-get update -q >/dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
