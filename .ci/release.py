"""Tell what a release of pkggen still lacks; what `make release-check` ends with.

    python .ci/release.py DIST [--tag v1.2.3]

DIST holds what is to be published: wheel, sdist, .deb and .rpm of the version in setup.cfg. Each
thing that is missing is a sentence with its place and the way out, on stderr; the exit status is
then 1. On a release commit nothing is missing, and the files are listed.
"""

from __future__ import annotations

import argparse
import configparser
import datetime
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

SCRIPTS = Path(sys.executable).parent
HEADING = re.compile(r"## \[(?P<version>[^]]+)\](?: - (?P<date>\S+))?\s*")
PLACEHOLDERS = ("example.org", "example.com", "example.net", "example")
PATTERNS = {
    "wheel": "pkggen-{}-py3-none-any.whl",
    "sdist": "pkggen-{}.tar.gz",
    ".deb": "pkggen_{}-1_*.deb",
    ".rpm": "pkggen-{}-1.*.rpm",
}


def version_problems(root: Path, version: str, tag: str) -> Iterator[str]:
    """Yield what is wrong with the version: it has to be a release's, stand in one place, and be the tag's."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        yield f"setup.cfg: version {version!r} is none: write it as PEP 440 says, such as 1.2.3"
        return
    if str(parsed) != version or parsed.is_devrelease or parsed.local:
        yield f"setup.cfg: version {version!r} can't be released: write it such as 1.2.3 or 1.2.3rc1"
    if tag and tag != f"v{version}":
        yield f"the tag is {tag}, the version in setup.cfg {version}: delete the tag, or change the version"
    literal = re.compile(rf"""\s*["']?_*version_*["']?\s*[:=]\s*["']{re.escape(version)}["']""")
    for path in (root / "setup.py", root / "pyproject.toml", *sorted((root / "pkggen").rglob("*.py"))):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if literal.match(line):
                yield f"{path.relative_to(root)}:{number}: the version stands here, too: leave it to setup.cfg"


def changelog_problems(text: str, version: str, today: datetime.date) -> Iterator[str]:
    """Yield what is wrong with the changelog: the version's own heading comes first, with a date, and has a text."""
    lines = text.splitlines()
    headings = [(number, match) for number, line in enumerate(lines) if (match := HEADING.fullmatch(line))]
    wanted = f'"## [{version}] - {today}"'
    ends = [number for number, _ in headings[1:]] + [len(lines)]
    entries = {m["version"]: any(lines[n + 1 : end]) for (n, m), end in zip(headings, ends, strict=True)}
    for number, match in headings:
        if match["version"].lower() == "unreleased" and entries[match["version"]]:
            yield f"CHANGELOG.md:{number + 1}: changes are under Unreleased: on the release commit it is {wanted}"
    dated = [(number, match) for number, match in headings if match["version"].lower() != "unreleased"]
    if version not in entries:
        yield f"CHANGELOG.md: {version} has no heading: write {wanted}"
        return
    number, match = dated[0]
    if match["version"] != version:
        yield f"CHANGELOG.md:{number + 1}: {match['version']} comes before {version}: the newest comes first"
    number, match = next((n, m) for n, m in dated if m["version"] == version)
    try:
        if datetime.date.fromisoformat(match["date"] or "") > today:
            yield f"CHANGELOG.md:{number + 1}: {match['date']} is still to come: write the day of the release"
    except ValueError:
        yield f"CHANGELOG.md:{number + 1}: {version} has no date: write {wanted}"
    if not entries[version]:
        yield f"CHANGELOG.md:{number + 1}: nothing is told of {version}: write what a user can notice"


def metadata_problems(metadata: configparser.SectionProxy) -> Iterator[str]:
    """Yield what users need to reach us and is missing, or still a placeholder."""
    address = metadata.get("author_email", "")
    if "@" not in address or address.rpartition("@")[2].endswith(PLACEHOLDERS):
        yield f"setup.cfg: author_email {address!r} reaches nobody: put in an address that is read"
    page = metadata.get("url", "")
    if not page.startswith("https://") or (urlsplit(page).hostname or "").endswith(PLACEHOLDERS):
        yield f"setup.cfg: url {page!r} leads nowhere: put in the address of the project's page"


def tree_problems(root: Path) -> Iterator[str]:
    """Yield what is not committed: what is published is what the tag says."""
    if not (root / ".git").exists():
        return
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    for line in status.stdout.splitlines():
        yield f"{line[3:]}: is not committed: commit or remove it"


def lock_problems(root: Path) -> Iterator[str]:
    """Yield what the packages would bring in another version than the tests were run with."""
    tested, shipped = (
        set(re.findall(r"(?m)^([\w.-]+==[^\s;]+)", (root / ".ci" / name).read_text(encoding="utf-8")))
        for name in ("requirements.txt", "runtime.txt")
    )
    for pin in sorted(shipped - tested):
        yield f".ci/runtime.txt: {pin} is not what .ci/requirements.txt has: run `make lock`"


def file_problems(dist: Path, version: str) -> Iterator[str]:
    """Yield what is missing or faulty in ``dist``."""
    found = {kind: sorted(dist.glob(pattern.format(version))) for kind, pattern in PATTERNS.items()}
    for kind, files in found.items():
        if not files:
            yield f"{dist}: holds no {kind} of {version}: run `make release-check`, which builds it"
        elif len(files) > 1 and kind in ("wheel", "sdist"):
            yield f"{dist}: holds more than one {kind} of {version}: run `make clean`"
    for_index = [*found["wheel"], *found["sdist"]]
    if for_index:
        yield from _refused([SCRIPTS / "twine", "check", "--strict", *for_index], "twine check")
    if found["wheel"]:
        yield from _refused([SCRIPTS / "check-wheel-contents", *found["wheel"]], "check-wheel-contents")
    if found[".deb"] or found[".rpm"]:
        yield from _faults([*found[".deb"], *found[".rpm"]])


def _faults(packages: list[Path]) -> Iterator[str]:
    argv = [SCRIPTS / "pkggen", "lint", "--json", *packages]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=900)
    if not done.stdout:
        yield f"pkggen lint failed:\n{done.stderr.strip()}"
        return
    for report in json.loads(done.stdout):
        for tool in report["absent"]:
            yield f"{report['path']}: {tool} is not installed here and did not look at it: run .ci/bootstrap test"
        for finding in report["findings"]:
            yield f"{report['path']}: {finding}: mend it, or say in docs/lint.md why it can't be"


def _refused(argv: list[Path | str], name: str) -> Iterator[str]:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        yield f"{name} refuses a file:\n{(done.stdout + done.stderr).strip()}"


def problems(root: Path, dist: Path, tag: str, today: datetime.date) -> list[str]:
    """Return all that a release of the tree in ``root`` lacks."""
    setup = configparser.ConfigParser()
    setup.read(root / "setup.cfg", encoding="utf-8")
    metadata = setup["metadata"]
    version = metadata["version"]
    return [
        *version_problems(root, version, tag),
        *changelog_problems((root / "CHANGELOG.md").read_text(encoding="utf-8"), version, today),
        *metadata_problems(metadata),
        *tree_problems(root),
        *lock_problems(root),
        *file_problems(dist, version),
    ]


def main() -> int:
    """Check the tree of this file; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--tag", default="", help="the tag that the release is made of")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[1]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    found = problems(root, options.dist, options.tag, today)
    for problem in found:
        print(f"not ready: {problem}", file=sys.stderr)
    if found:
        return 1
    print("ready to be released:", *sorted(p.name for p in options.dist.iterdir()), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
