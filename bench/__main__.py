"""``make bench``: every measurement, with its conditions."""

from __future__ import annotations

from bench import calls, conferences, flood, hearing, latency, media, overload, signalling, startup


def main() -> None:
    for measurement in (startup, media, latency, hearing, conferences, calls, signalling, overload, flood):
        measurement.main()
        print(flush=True)


if __name__ == "__main__":
    main()
