"""pkggen packaged by pkggen: installed where there is neither network nor Python, it packages another project there."""

from __future__ import annotations

import datetime
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.applications import REPOSITORY
from tests.e2e.dockerfile import read
from tests.e2e.packages import PKGGEN, by_format, interpreter_options, pkggen
from tests.targets import Box, Target
from tests.targets.cache import RootCache, unpack
from tests.targets.catalogue import ASIDE
from tests.targets.debian import TIDY, DebianRecipe
from tests.targets.host import cache_directory

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
)
# what its .deb depends on besides the C library
RPM_AND_ZSTD = f"$(ls {ASIDE}/*.deb | grep -v -e fapolicyd -e ostree)"
AS_BUILDER = ["runuser", "-u", "builder", "--", "env", "HOME=/home/builder"]
DOCKERFILE = REPOSITORY / ".ci" / "Dockerfile"
SUITES = {"debian:12-slim": "bookworm", "debian:13-slim": "trixie"}
BARE = ("apt",)  # which is there anyway; mmdebstrap wants a name
AS_CALLER = ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups"]
PROGRAMS = "dpkg-deb rpmbuild zstd git gpg debsigs debsig-verify rpmsign lintian rpmlint systemd-analyze"


@dataclass(frozen=True)
class Own:
    """pkggen's own packages by format, and a project with its wheels, below one directory that boxes mount."""

    directory: Path
    packages: dict[str, Path]

    @property
    def dist(self) -> Path:
        """The directory that holds the packages."""
        return self.directory / "dist"

    def inside(self, name: str) -> str:
        """Return the path in a box of the package of that format."""
        return f"/own/dist/{self.packages[name].name}"


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Own:
    """Return what `make self` makes in a copy of this tree, and a project that needs no index to be built."""
    directory = tmp_path_factory.mktemp("own")
    tree = directory / "pkggen"
    shutil.copytree(REPOSITORY, tree, ignore=NOT_COPIED, symlinks=True)
    (tree / ".venv").symlink_to(REPOSITORY / ".venv")
    options = " ".join(interpreter_options()[:2])  # not for Debian 11, whose xz takes minutes
    made = subprocess.run(
        ["make", "self", f"venv={Path(PKGGEN).parent}", f"PYTHON_OPTION={options}"],
        cwd=tree, capture_output=True, text=True, timeout=1500,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    (tree / "dist").rename(directory / "dist")
    project = directory / "greeting"
    shutil.copytree(Path(__file__).parent / "greeting", project)
    vendored = pkggen("vendor", project, project / "wheels", "-q")
    assert vendored.returncode == 0, vendored.stderr
    return Own(directory, {name: directory / path for name, path in by_format(made.stdout.split()).items()})


def test_a_release_commit_is_ready(own: Own) -> None:
    """With a dated changelog and a real address nothing is missing.

    Wheel and sdist keep the index's rules; lintian, rpmlint and our own rules find no error and no
    warning in pkggen's packages, man pages included.
    """
    tree = own.directory / "pkggen"
    today = datetime.datetime.now(datetime.timezone.utc).date()
    setup = (tree / "setup.cfg").read_text()
    (version,) = re.findall(r"(?m)^version = (.*)$", setup)
    for key, value in {"author_email": "hello@pkggen.dev", "url": "https://pkggen.dev/"}.items():
        setup = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", setup)
    (tree / "setup.cfg").write_text(setup)
    changelog = (tree / "CHANGELOG.md").read_text()
    (tree / "CHANGELOG.md").write_text(changelog.replace("## [Unreleased]", f"## [{version}] - {today}", 1))

    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", own.dist, tree],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    done = subprocess.run(
        [sys.executable, tree / ".ci/release.py", own.dist, "--tag", f"v{version}"],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert {Path(line.strip()).suffix for line in done.stdout.splitlines()[1:]} == {".deb", ".rpm", ".whl", ".gz"}


def test_on_debian_it_packages_a_project_for_both_systems(own: Own, debian_12: Target) -> None:
    """The .deb brings what it needs; a user without rights builds both formats, and the .deb works."""
    with debian_12.box(shares={"/own": own.directory}) as box:
        box.run(f"apt-get install -y {own.inside('deb')} {RPM_AND_ZSTD}", check=True, timeout=300)
        assert not box.run("command -v python3").output
        assert box.packages.verify("pkggen").output == ""
        look_around(box)
        deb, rpm = build(box, "deb", "rpm")
        box.packages.install(deb)
        assert box.run("greeting bücher.example").stdout == "hello xn--bcher-kva.example\n"
        assert "greeting" in box.run(["pkggen", "inspect", rpm], check=True).stdout
        box.packages.purge("greeting", "pkggen")
        assert box.run("ls -A /opt").output == ""


def test_on_an_rpm_system_it_packages_a_project(own: Own, rpm_target: Target) -> None:
    """The .rpm asks for rpmbuild alone; dpkg is recommended, and without it an .rpm is built all the same."""
    with rpm_target.box(shares={"/own": own.directory}) as box:
        box.packages.install(own.inside("rpm"))
        assert box.packages.verify("pkggen").output == ""
        look_around(box)
        (rpm,) = build(box, "rpm")
        box.packages.install(rpm)
        assert box.run("greeting bücher.example").stdout == "hello xn--bcher-kva.example\n"
        box.packages.remove("greeting", "pkggen")
        assert box.run("ls -A /opt").output == ""


def look_around(box: Box) -> None:
    """See that version, man pages and completions are those of the commands that are installed."""
    assert box.run("pkggen --version", check=True).stdout.startswith("pkggen, version ")
    box.run("pkggen manual /tmp/man", check=True)
    box.run("mkdir /tmp/packed && cp /usr/share/man/man1/pkggen* /tmp/packed && gunzip /tmp/packed/*", check=True)
    assert box.run("diff -r /tmp/man /tmp/packed").output == ""
    zsh = "vendor-completions" if box.family == "deb" else "site-functions"
    for shell, path in {
        "bash": "bash-completion/completions/pkggen",
        "zsh": f"zsh/{zsh}/_pkggen",
        "fish": "fish/vendor_completions.d/pkggen.fish",
    }.items():
        assert box.run(f"pkggen completion {shell} | diff - /usr/share/{path}").output == ""


def build(box: Box, *formats: str) -> list[str]:
    """Build the project as a user of the system, offline, and return the packages' paths in the box."""
    box.run("useradd --create-home builder && cp -r /own/greeting /home/builder", check=True)
    box.run("chown -R builder: /home/builder", check=True)
    words = [word for name in formats for word in ("--format", name)]
    place = "/home/builder/greeting"
    done = box.run([*AS_BUILDER, "pkggen", "build", place, "-o", f"{place}/dist", "-q", *words], timeout=600)
    assert done.returncode == 0, done.output
    return done.stdout.split()


@pytest.fixture(scope="module")
def image(own: Own, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a root in which the Dockerfile's steps were run while it had its archive, on a bare Debian."""
    steps = read(DOCKERFILE)
    files = [(path, to) for pattern, to in steps.copied for path in own.dist.glob(pattern)]
    assert files
    hooks = [f'cp {shlex.quote(str(path))} "$1"{shlex.quote(to)}' for path, to in files]
    hooks += [f'chroot "$1" sh -c {shlex.quote(run)}' for run in steps.runs]
    cache = RootCache(cache_directory())
    with cache.scratch() as scratch:
        packed, tree = Path(scratch, "image.tar"), Path(scratch, "tree")
        recipe = DebianRecipe(steps.base, SUITES[steps.base], BARE, 120, hooks=(*hooks, *TIDY))
        recipe.make(packed, tmp_path_factory.mktemp("image") / "log", cache)
        unpack(packed, tree)
        packed.unlink()
        yield tree


def test_the_steps_of_the_image_give_a_pkggen_that_builds(own: Own, debian_12: Target, image: Path) -> None:
    """A user without a name builds both formats there, offline, and each program that pkggen can use is there."""
    steps = read(DOCKERFILE)
    with Box(image, "deb", {"/own": own.directory}) as box:
        for program in PROGRAMS.split():
            box.run(["which", program], check=True)
        box.run(f"mkdir -p {steps.directory} && cp -r /own/greeting {steps.directory}", check=True)
        box.run(f"chown -R 4321:4321 {steps.directory}", check=True)
        words = [*AS_CALLER, *steps.entrance, "build", "greeting", "--offline", "-q"]
        done = box.run(
            f"cd {steps.directory} && exec {shlex.join(words)}", env={"HOME": "/", **steps.environment}, timeout=600
        )
        assert done.returncode == 0, done.output
        assert set(by_format(done.stdout.split())) == {"deb", "rpm"}


def test_the_image_is_built(own: Own) -> None:
    """Where docker or podman has what builds, it does, and the image's pkggen tells its version."""
    builder = next((name for name in ("docker", "podman") if works(name)), None)
    if builder is None:
        pytest.skip("no builder of images here")
    name = f"pkggen-test-{own.directory.name}"
    subprocess.run([builder, "build", "-q", "-f", DOCKERFILE, "-t", name, own.dist], check=True, timeout=900)
    try:
        said = subprocess.run([builder, "run", "--rm", name, "--version"], capture_output=True, text=True, timeout=120)
    finally:
        subprocess.run([builder, "rmi", "-f", name], check=True, timeout=120)
    assert said.stdout.startswith("pkggen, version ")


def works(builder: str) -> bool:
    """Tell whether the program is there and reaches what builds."""
    return bool(shutil.which(builder)) and not subprocess.run([builder, "info"], capture_output=True).returncode
