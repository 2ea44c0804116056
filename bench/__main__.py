"""``make bench``: every measurement, with its conditions."""

from __future__ import annotations

from bench import calls, media, overload, signalling, startup


def main() -> None:
    for measurement in (startup, media, calls, signalling, overload):
        measurement.main()
        print(flush=True)


if __name__ == "__main__":
    main()
