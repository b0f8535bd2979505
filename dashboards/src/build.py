"""Writes `dashboards/*.json`: `python -m dashboards.src.build`; with `--check` it only says what is not up to date."""

import argparse
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from . import isp_site, order_compliance, over_blocking, probe_health

FOLDER: Final = Path(__file__).parents[1]
PAGES: Final = {
    "order-compliance.json": order_compliance.page,
    "isp-site.json": isp_site.page,
    "over-blocking.json": over_blocking.page,
    "probe-health.json": probe_health.page,
}


def written() -> dict[str, str]:
    """Name and text of every dashboard."""
    encoder = JSONEncoder(indent=1, sort_keys=True, ensure_ascii=False)
    return {name: encoder.encode(page().build()) + "\n" for name, page in PAGES.items()}


def main() -> int:
    """Write, or with --check compare; the exit status is 1 if something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file is not what would be written"
    )
    check: bool = parser.parse_args().check
    stale = 0
    for name, text in written().items():
        path = FOLDER / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale += 1
            sys.stderr.write(f"{path}: not what the generators give; run: python -m dashboards.src.build\n")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
