"""Finding, reading and making locks; real uv against an index on the loopback."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
import uv

from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError, PkggenError
from pkggen.model import Target, WheelSpec
from pkggen.store.cache import Cache
from pkggen.store.writing import looking
from pkggen.terminal.reporter import Silent
from pkggen.wheels import Demand, find_lock, resolve_wheels
from pkggen.wheels.lock.pylock import read_pylock
from pkggen.wheels.lock.resolution import platform_of
from tests.unit.wheel_index import Index, serving
from tests.unit.wheelsmith import Smith, digest, interpreter

HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'
ALPHA = Smith(name="alpha", files={"alpha.py": b""}, metadata="Requires-Dist: beta\n")
BETA = Smith(name="beta", files={"beta.py": b""})
NEWER = Smith(name="beta", version="2.0", files={"beta.py": b"2"})


@pytest.fixture
def index(monkeypatch, tmp_path):
    for name in [n for n in os.environ if n.startswith(("UV_", "PIP_")) or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    with serving() as found:
        found.publish(ALPHA, BETA)
        yield found


@pytest.fixture
def project(tmp_path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


class Build:
    """Resolves one project's wheels as a build does, with a cache that lasts."""

    def __init__(self, root: Path, index: Index, target: Target | None = None) -> None:
        self.root, self.index, self.target = root, index, target or Target("x86_64", (2, 28))
        self.cache, self.reporter = Cache(root.parent / "cache"), Silent()

    def __call__(self, *requirements: str, offline: bool = False, **spec: object) -> list[str]:
        wanted = WheelSpec(requirements=requirements, **{"index": self.index.simple, **spec})
        demand = Demand(wanted, self.target, interpreter(self.root), self.root, "my-app", offline)
        wheels = resolve_wheels(demand, self.cache, self.reporter)
        return [f"{w.name} {w.version}" for w in wheels]


@pytest.fixture
def build(project, index) -> Build:
    return Build(project, index)


def sha256(smith: Smith) -> str:
    return hashlib.sha256(smith.bytes()).hexdigest()


def locked(hashes: str) -> str:
    return f'{HEAD}[[packages]]\nname = "a"\nwheels = [{{ url = "https://x.example/a-1-py3-none-any.whl"{hashes} }}]\n'


def test_nothing_needed_nothing_written(build, project):
    """A project without dependencies gets no wheels and no lock."""
    assert build() == []
    assert list(project.iterdir()) == []


def test_loose_requirements_are_locked(build, project, index):
    """What is resolved is recorded with hashes, told, and used by the next build though newer versions exist."""
    first = build("alpha")
    text = (project / "pylock.toml").read_text()
    index.publish(NEWER)

    assert ["alpha 1.0", "beta 1.0"] == first == build("alpha")
    assert (project / "pylock.toml").read_text() == text
    assert sha256(BETA) in text
    assert len(build.reporter.warnings) == 1
    assert [p.name for p in project.iterdir()] == ["pylock.toml"]


def test_who_only_looks_leaves_the_lock_alone(build, project):
    """It is neither made nor made again, and what a build would take is found all the same."""
    with looking():
        assert build("alpha>=1") == build("alpha>=1")
    assert list(project.iterdir()) == []
    assert "not recorded: a build writes pylock.toml" in build.reporter.warnings[0]

    build("alpha")
    before = (project / "pylock.toml").read_bytes()
    with looking():
        build("alpha", "beta")
    assert (project / "pylock.toml").read_bytes() == before


def test_a_changed_dependency_list_is_noticed(build, project, index):
    """A new requirement re-resolves with a notice and keeps the versions that still fit."""
    build("beta")
    index.publish(NEWER)

    assert build("beta", "alpha") == ["alpha 1.0", "beta 1.0"]
    assert "alpha is new" in build.reporter.warnings[-1]
    assert build("alpha", "beta>=2") == ["alpha 1.0", "beta 2.0"]


def test_another_target_is_noticed(project, index):
    """A lock of ours made for another platform is made again."""
    Build(project, index)("beta")
    other = Build(project, index, Target("x86_64", (2, 17)))
    other("beta")

    assert "platform is x86_64-manylinux_2_17, was x86_64-manylinux_2_28" in other.reporter.warnings[0]


def test_a_lock_of_others_is_never_rewritten(build, project, index):
    """A pylock.toml without our table is used as it is, and what it lacks is an error."""
    url = f"{index.url}/files/{BETA.filename}"
    text = (
        HEAD
        + f'[[packages]]\nname = "beta"\nwheels = [{{ url = "{url}", hashes = {{ sha256 = "{sha256(BETA)}" }} }}]\n'
    )
    (project / "pylock.toml").write_text(text)

    assert build("beta") == ["beta 1.0"]
    with pytest.raises(IntegrityError, match="alpha is required by the project but not locked"):
        build("beta", "alpha")
    assert text == (project / "pylock.toml").read_text()


def test_offline_uses_what_is_known(build):
    """After one build online the same build works offline."""
    build("alpha")

    assert build("alpha", offline=True) == ["alpha 1.0", "beta 1.0"]


def test_offline_resolves_from_local_directories(build, project, index, tmp_path):
    """With find-links alone a project is resolved and locked without network; the lock has relative paths."""
    (project / "wheels").mkdir()
    for smith in (ALPHA, BETA):
        smith.forge(project / "wheels")

    assert build("alpha", offline=True, find_links=(project / "wheels",)) == ["alpha 1.0", "beta 1.0"]
    assert 'path = "wheels/alpha-1.0-py3-none-any.whl"' in (project / "pylock.toml").read_text()
    assert index.requests == []


def test_offline_without_anything_is_told(build, project, index):
    """Nothing known and no network: an ArtefactError with the remedy, and no lock is written."""
    with pytest.raises(ArtefactError, match="find-links"):
        build("alpha", offline=True)

    assert list(project.iterdir()) == []
    assert index.requests == []


def test_unsolvable_requirements_are_told(build, project):
    """The resolver's reasons reach the user."""
    with pytest.raises(ArtefactError, match="beta"):
        build("alpha", "beta>99")

    assert list(project.iterdir()) == []


@pytest.mark.parametrize("requirement", ["My_App[more]", "not a requirement"])
def test_requirements_that_mean_nothing_are_told(build, project, requirement):
    """The project among its own requirements, and what is no requirement, are ConfigurationErrors."""
    with pytest.raises(ConfigurationError, match=r"itself|not a requirement"):
        build("alpha", requirement)

    assert list(project.iterdir()) == []


def test_credentials_are_neither_shown_nor_kept(build, project, index):
    """A password in the index URL is in no lock, warning or error."""
    secret = index.simple.replace("://", "://user:geheim@")
    build("alpha", index=secret)
    text = (project / "pylock.toml").read_text()
    with pytest.raises(PkggenError) as caught:
        build("alpha", "missing", index=secret)

    assert "geheim" not in "".join([text, str(caught.value), *build.reporter.warnings])


def write_requirements(project: Path, text: str) -> Path:
    path = project / "requirements.txt"
    path.write_text(text)
    return path


def test_hashed_requirements_restrict_the_files(build, project, index):
    """Pins with hashes take exactly those files; no lock is written."""
    write_requirements(
        project,
        f"# pinned\nalpha==1.0 \\\n    --hash=sha256:{sha256(ALPHA)} \\\n    --hash=sha256:{'0' * 64}\n"
        f"beta==1.0 ; sys_platform == 'linux' --hash=sha256:{sha256(BETA)}\n"
        f"gone==1.0 ; sys_platform == 'win32' --hash=sha256:{'0' * 64}\n",
    )
    index.publish(NEWER)

    assert build("alpha") == ["alpha 1.0", "beta 1.0"]
    assert [p.name for p in project.iterdir()] == ["requirements.txt"]


def test_a_url_is_found_in_a_folder_without_network(build, project, index, tmp_path):
    """Offline a pinned address stands for the file of its name in find-links; its digest counts as ever."""
    (tmp_path / "wheels").mkdir()
    digest = hashlib.sha256(BETA.forge(tmp_path / "wheels").path.read_bytes()).hexdigest()
    pin = f"beta @ http://127.0.0.1:1/files/{BETA.filename} --hash=sha256:{{}}\n"
    (project / "requirements.txt").write_text(pin.format(digest))
    places = {"offline": True, "find_links": (tmp_path / "wheels",)}

    assert build("beta", **places) == ["beta 1.0"]
    (project / "requirements.txt").write_text(pin.format("0" * 64))
    with pytest.raises(IntegrityError, match=r"requirements.txt:1: no wheel of beta .*has one of the given hashes"):
        build("beta", **places)
    assert index.requests == []


def test_no_file_with_a_given_hash_is_an_integrity_error(build, project):
    """Hashes that no wheel of the index has are refused for all packages at once, by line."""
    write_requirements(project, f"alpha==1.0 --hash=sha256:{'0' * 64}\nbeta==1.0 --hash=sha256:{'1' * 64}\n")
    with pytest.raises(IntegrityError) as caught:
        build()

    assert [p.where for p in caught.value.problems] == ["requirements.txt:1", "requirements.txt:2"]


def test_half_hashed_requirements_are_refused(build, project):
    """When one requirement has a sha256, each must have one, and be pinned."""
    write_requirements(
        project,
        f"alpha==1.0 --hash=sha256:{'0' * 64}\nbeta==1.0\nmd==1 --hash=md5:{'0' * 32}\nx>=1 --hash=sha256:{'0' * 64}\n",
    )
    with pytest.raises(IntegrityError) as caught:
        build()

    assert [int(p.where.rpartition(":")[2]) for p in caught.value.problems] == [2, 3, 4]


def test_unhashed_requirements_are_resolved_and_locked(build, project, index):
    """requirements.txt without hashes is resolved with the project's own; constraints and includes count."""
    index.publish(NEWER)
    (project / "more.txt").write_text("alpha  # include\n")
    (project / "limits.txt").write_text("beta<2\n")
    write_requirements(project, "-e .\n-r more.txt\n-c limits.txt\n")

    assert build("beta") == ["alpha 1.0", "beta 1.0"]
    assert build("beta", offline=True) == ["alpha 1.0", "beta 1.0"]
    (project / "limits.txt").write_text("beta>=2\n")
    assert build("beta") == ["alpha 1.0", "beta 2.0"]


def test_bad_requirements_are_told_by_line(build, project):
    """Every line that can't be used is named at once."""
    write_requirements(project, "alpha ==\n-e ../lib\n--frobnicate\n-r gone.txt\nhttps://u:pw@x.example/a.whl\n")
    with pytest.raises(ConfigurationError) as caught:
        build()

    assert len(caught.value.problems) == 5
    assert "pw@" not in str(caught.value)


def test_uv_lock_is_exported(build, project, index, monkeypatch):
    """uv.lock is read through uv: without the project and its groups, with extras only when asked for."""
    index.publish(Smith(name="extra"), Smith(name="dev"))
    (project / "pyproject.toml").write_text(
        '[project]\nname = "my-app"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["alpha"]\n'
        'optional-dependencies.more = ["extra"]\n[dependency-groups]\ndev = ["dev"]\n'
    )
    argv = [uv.find_uv_bin(), "lock", "-q", "--no-python-downloads", "--default-index", index.simple]
    subprocess.run([*argv, "--cache-dir", str(project.parent / "uv")], cwd=project, check=True)
    index.publish(NEWER)
    before = sorted((p.name, p.read_bytes()) for p in project.iterdir())

    assert build("alpha") == ["alpha 1.0", "beta 1.0"]
    assert build("alpha", "extra", extras=("more",)) == ["alpha 1.0", "beta 1.0", "extra 1.0"]
    monkeypatch.chdir(project.parent)
    build.root = Path(project.name)
    assert build("alpha") == ["alpha 1.0", "beta 1.0"]
    assert before == sorted((p.name, p.read_bytes()) for p in project.iterdir())


def test_a_broken_uv_lock_is_told(build, project):
    """A uv.lock that uv can't read is a ConfigurationError that names it."""
    (project / "pyproject.toml").write_text('[project]\nname = "my-app"\nversion = "1"\n')
    (project / "uv.lock").write_text("version = [\n")
    with pytest.raises(ConfigurationError, match=r"uv\.lock"):
        build()


def test_precedence(project):
    """Others' pylock.toml, uv.lock, requirements.txt, ours: in this order; a named one beats all."""
    ours = HEAD + 'packages = []\n[tool.pkggen]\ninputs = "x"\n'
    found = [find_lock(project)]
    for name, text in (("pylock.toml", ours), ("requirements.txt", ""), ("uv.lock", "")):
        (project / name).write_text(text)
        found.append(find_lock(project))
    (project / "pylock.toml").write_text(HEAD + "packages = []\n")
    found.append(find_lock(project))
    found.append(find_lock(project, project / "other.toml"))

    assert [p and p.name for p in found] == [
        None,
        "pylock.toml",
        "requirements.txt",
        "uv.lock",
        "pylock.toml",
        "other.toml",
    ]


@pytest.mark.parametrize("name", ["conda.lock", "gone/pylock.toml"])
def test_a_named_lock_must_be_there_and_known(build, project, name):
    """A lock that does not exist, or of a kind not known, is a ConfigurationError."""
    (project / "conda.lock").write_text("")
    with pytest.raises(ConfigurationError, match=name):
        build(lock=project / name)


@pytest.mark.parametrize(
    ("text", "error", "where"),
    [
        (HEAD + "packages = [\n", ConfigurationError, "pylock.toml:"),
        ('lock-version = "2.0"\ncreated-by = "x"\npackages = []\n', ConfigurationError, "pylock.toml"),
        (HEAD, ConfigurationError, "pylock.toml"),
        (HEAD + '[[packages]]\nname = "a"\n', ConfigurationError, "pylock.toml:3"),
        (locked(", hashes = {}"),
         IntegrityError, "pylock.toml:3: a"),
        (locked(""),
         IntegrityError, "pylock.toml:3: a"),
        (locked(', hashes = { md5 = "x" }'),
         IntegrityError, "pylock.toml:3: a"),
        (locked(', hashes = { sha256 = "x" }'),
         IntegrityError, "pylock.toml:3: a"),
    ],
)  # fmt: skip
def test_bad_locks_are_refused(project, text, error, where):
    """A lock that is not TOML, not PEP 751 or without sha256 is refused, by file and line."""
    (project / "pylock.toml").write_text(text)
    with pytest.raises(error) as caught:
        read_pylock(project / "pylock.toml")

    assert caught.value.problems[0].where.startswith(where)


def test_all_bad_packages_are_told_at_once(project):
    """Each invalid package is named, not only the first."""
    (project / "pylock.toml").write_text(HEAD + '[[packages]]\nname = "a"\n[[packages]]\nname = "B_b"\n')
    with pytest.raises(ConfigurationError) as caught:
        read_pylock(project / "pylock.toml")

    assert [p.where for p in caught.value.problems] == ["pylock.toml:3", "pylock.toml:5"]


@pytest.mark.parametrize(
    ("glibc", "expected"),
    [((2, 17), "2_17"), ((2, 27), "2_17"), ((2, 30), "2_28"), ((2, 41), "2_40"), ((3, 0), "2_40")],
)
def test_the_nearest_lower_platform_is_resolved_for(glibc, expected):
    """Of the few glibc versions that uv knows, the newest that the target has is taken."""
    assert f"aarch64-manylinux_{expected}" == platform_of(Target("aarch64", glibc))


def test_a_target_older_than_uv_knows_is_told():
    """A target with a glibc before 2.17 can't be resolved for."""
    with pytest.raises(ConfigurationError, match=r"2\.12"):
        platform_of(Target("x86_64", (2, 12)))


def test_digests_of_the_smith_are_what_record_wants():
    """The test's own tool computes what RECORD spells: URL-safe, without padding."""
    assert digest(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def test_names_that_are_not_normalised(project):
    """A lock may spell a name as its project does; the line is still found."""
    text = locked(f', hashes = {{ sha256 = "{"0" * 64}" }}').replace('name = "a"', 'name = "Jaraco.classes"')
    text = text.replace("/a-1-", "/Jaraco.classes-1-")
    (project / "pylock.toml").write_text(text)
    lock = read_pylock(project / "pylock.toml")

    assert [p.name for p in lock.pylock.packages] == ["jaraco-classes"]
    assert lock.where("jaraco-classes") == "pylock.toml:3: jaraco-classes"
    assert lock.respelled == ("Jaraco.classes",)
