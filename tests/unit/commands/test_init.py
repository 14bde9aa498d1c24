"""`pkggen init`: what is proposed for what lies there, and that nothing is overwritten."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from packaging.version import Version

from pkggen.commands.init import Proposal, propose, write_proposal
from pkggen.config.load import load_config
from pkggen.errors import ConfigurationError
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.wheelsmith import Smith

PROJECT = '[project]\nname = "shop"\nversion = "1.0"\nauthors = [{name = "Ann"}]\ndependencies = ["DEPENDENCY"]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, the current one."""
    root = tmp_path / "shop"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def proposed(path: Path) -> Proposal:
    return propose(path, Cache(Path.cwd().parent / "cache"), Silent())


def uncommented(text: str) -> str:
    """Return the proposal with every choice taken."""
    return "\n".join(line.removeprefix("# ") for line in text.splitlines() if not line.startswith("# there is"))


def test_folder_that_is_no_package(root: Path) -> None:
    """Sources, scripts, wheels and the interpreter are told apart by what is in them; the rest is left."""
    parts = ("ProjectSrc/shop/__init__.py", "Script/sell.py", "PyPI/flask-3.0-py3-none-any.whl")
    for name in (*parts, "Python3.12/bin/python3.12", "docs/conf.py", "venv/pyvenv.cfg", "venv/lib/x.py", ".git/x.py"):
        write(root / name)

    write_proposal(proposed(root))
    config = load_config(root)

    assert (config.name, config.version, config.source, config.scripts.commands) == (
        "shop",
        "0.1.0",
        ("ProjectSrc",),
        ("Script",),
    )
    assert (config.wheels.dir, config.python.source) == ("PyPI", "Python3.12")


def test_interpreter_as_an_archive(root: Path) -> None:
    """An install_only archive is as good as a folder."""
    write(root / "src/app.py")
    write(root / "cpython-3.13.5+20250612-x86_64-unknown-linux-gnu-install_only.tar.gz")

    write_proposal(proposed(root))

    assert load_config(root).python.source.startswith("cpython-3.13.5")


def test_package_needs_no_key(root: Path) -> None:
    """For a package with an author everything is a choice, and every choice is valid."""
    write(root / "pyproject.toml", PROJECT.replace("DEPENDENCY", "click"))
    text = proposed(root).text

    assert [line for line in text.splitlines() if not line.startswith("#")] == ["[tool.pkggen]"]
    write(root / "pyproject.toml", uncommented(text))
    assert load_config(root).targets == ("debian:12", "el:9")


@pytest.mark.parametrize(
    ("dependency", "file", "content", "command"),
    [
        ("gunicorn", "src/shop/web.py", "app = Flask(__name__)\n", "gunicorn shop.web:app"),
        ("Flask", "shop/web.py", "app: Flask = flask.Flask(__name__)\n", "gunicorn shop.web:app"),
        ("uvicorn[standard]", "shop/__init__.py", "api = FastAPI()\n", "uvicorn shop:api"),
        ("Django>=5", "shop/wsgi.py", "application = get_wsgi_application()\n", "gunicorn shop.wsgi:application"),
        ("gunicorn", "src/shop/wsgi.py", "app = create_app()\n", "gunicorn shop.wsgi:app"),
        ("celery", "shop/tasks.py", "queue = Celery('shop')\n", "celery --app shop.tasks worker"),
        ("gunicorn", "shop/nothing.py", "", "gunicorn MODULE:APPLICATION"),
    ],
)
def test_services_are_suggested(dependency: str, file: str, content: str, command: str, root: Path) -> None:
    """A server among the dependencies, or an application that wants one, becomes a commented service."""
    write(root / "pyproject.toml", PROJECT.replace("DEPENDENCY", dependency))
    write(root / file, content)
    text = proposed(root).text

    assert f'# command = "{command}"' in text
    write(root / "pyproject.toml", uncommented(text))
    config = load_config(root)
    assert [s.command for s in config.services] == [command]
    assert config.requirements == (("gunicorn",) if dependency in {"Flask", "Django>=5"} else ())


@pytest.mark.parametrize(
    ("lock", "content"),
    [("requirements.txt", "gunicorn==1 \\\n    --hash=sha256:00\n"), ("uv.lock", '[[package]]\nname = "gunicorn"\n')],
)
def test_locks_are_looked_into(lock: str, content: str, root: Path) -> None:
    """A lock is named, and what it holds counts as a dependency."""
    write(root / "setup.py")
    write(root / lock, content)
    text = proposed(root).text

    assert f'# wheels.lock = "{lock}"' in text
    assert "gunicorn MODULE" in text


def test_python_that_the_project_requires(root: Path) -> None:
    """Where this machine's Python won't do, another is set, not suggested."""
    running = Version(platform.python_version())
    write(root / "pyproject.toml", f'[project]\nname = "x"\nrequires-python = "!=3.{running.minor}.*"\n')

    source = [line for line in proposed(root).text.splitlines() if line.startswith("python.source")]

    assert len(source) == 1
    assert f'"3.{running.minor}"' not in source[0]


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_rest_of_pyproject_stays(ending: str, root: Path) -> None:
    """The table goes to the end of the file; every byte before it, and the mode, stay."""
    before = '# Ä comment\r\n[project]\r\nname = "x"'.replace("\r\n", ending or "\n") + ending
    (root / "pyproject.toml").write_bytes(before.encode())
    (root / "pyproject.toml").chmod(0o640)

    write_proposal(proposed(root))

    after = (root / "pyproject.toml").read_bytes()
    assert after.startswith(before.encode())
    assert after.count(b"\r\n") == (after.count(b"\n") if ending == "\r\n" else 0)
    assert (root / "pyproject.toml").stat().st_mode & 0o777 == 0o640
    load_config(root)


@pytest.mark.parametrize(
    ("file", "content"),
    [("pkggen.toml", ""), ("pyproject.toml", "[tool.pkggen]\n"), ("pyproject.toml", "tool = {}\n")],
)
def test_nothing_is_overwritten(file: str, content: str, root: Path) -> None:
    """A project that is configured, or whose file takes no further table, stays as it is."""
    write(root / file, content)

    with pytest.raises(ConfigurationError):
        write_proposal(proposed(root))

    assert {p.name: p.read_text() for p in root.iterdir()} == {file: content}


def test_link_is_written_through(root: Path, tmp_path: Path) -> None:
    """A pyproject.toml that is a link stays one."""
    real = write(tmp_path / "elsewhere/pyproject.toml", '[project]\nname = "x"\n')
    (root / "pyproject.toml").symlink_to(real)

    write_proposal(proposed(root))

    assert (root / "pyproject.toml").is_symlink()
    assert "[tool.pkggen]" in real.read_text()


def test_wheel_and_index_go_to_the_current_directory(root: Path, tmp_path: Path) -> None:
    """For what is no folder pkggen.toml is proposed where the user is."""
    wheel = Smith(metadata="Author-email: Ann <a@example.org>\nRequires-Dist: uvicorn\n").forge(tmp_path)
    found = proposed(wheel.path)
    assert found.file == root / "pkggen.toml"
    assert '# command = "uvicorn MODULE:APPLICATION"' in found.text

    write_proposal(proposed(Path("pypi:datasette==0.65")))
    assert load_config(root).targets == ()


def test_proposal_writes_nothing(root: Path) -> None:
    """Without --write the folder stays as it is."""
    write(root / "src/app.py")

    proposed(root)

    assert os.listdir(root) == ["src"]


DJANGO = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hc.settings")\n'
WSGI = "application = get_wsgi_application()\n"


@pytest.mark.parametrize(
    ("files", "source", "command"),
    [
        ({"app.py": "app = Flask(__name__)\n", "forms.py": ""}, (".",), "gunicorn app:app"),
        (
            {"shop.py": "app = create_app()\n", "app/__init__.py": "def create_app():\n    Flask(1)\n"},
            (".",),
            "gunicorn shop:app",
        ),
        ({"shop/__init__.py": "def create_app(config=None):\n    Flask(1)\n"}, (".",), "gunicorn shop:create_app()"),
        ({"main.py": "app = FastAPI()\n", "routers/users.py": ""}, (".",), "uvicorn main:app"),
        (
            {"manage.py": DJANGO, "hc/__init__.py": "", "hc/wsgi.py": WSGI, "docker/x.py": ""},
            (".",),
            "gunicorn hc.wsgi:application",
        ),
        ({"manage.py": DJANGO, "api/wsgi.py": WSGI, "hc/wsgi.py": WSGI}, (".",), "gunicorn hc.wsgi:application"),
        (
            {"site/manage.py": DJANGO, "site/hc/wsgi.py": WSGI, "web/x.py": ""},
            ("site",),
            "gunicorn hc.wsgi:application",
        ),
        ({"src/app.py": "app = Flask(__name__)\n"}, ("src",), "gunicorn app:app"),
    ],
)
def test_flat_applications(files: dict[str, str], source: tuple[str, ...], command: str, root: Path) -> None:
    """Where the sources start and what a server runs is found; the service is no choice, for there is nothing else."""
    for name, text in files.items():
        write(root / name, text)

    write_proposal(proposed(root))
    config = load_config(root)

    assert (config.source, config.scripts.commands) == (source, ())
    assert [service.command for service in config.services] == [command]
    assert config.requirements == (command.split(maxsplit=1)[0],)


def test_project_without_back_end(root: Path) -> None:
    """[project] has name and version already: one line is proposed."""
    write(root / "pyproject.toml", PROJECT.replace("DEPENDENCY", "click"))
    write(root / "main.py", 'if __name__ == "__main__":\n    print(1)\n')
    write(root / "helpers.py")
    text = proposed(root).text

    assert [line for line in text.splitlines() if not line.startswith("#")] == ["[tool.pkggen]", 'source = "."']
    assert '# scripts = "main.py"' in text


def test_script_with_inline_metadata(root: Path) -> None:
    """A script that says what it needs becomes a command."""
    write(root / "tool.py", '# /// script\n# dependencies = ["flask"]\n# ///\nprint(1)\n')

    write_proposal(proposed(root))
    config = load_config(root)

    assert (config.source, config.scripts.commands) == ((), ("tool.py",))


def test_settings_and_static_files_of_django(root: Path) -> None:
    """The settings module is named, and what becomes of static files is said."""
    write(root / "manage.py", DJANGO)
    write(root / "hc/settings.py", 'STATIC_ROOT = "x"\n')
    write(root / "hc/wsgi.py", WSGI)
    text = proposed(root).text

    assert '# environment = { DJANGO_SETTINGS_MODULE = "hc.settings" }' in text
    assert "collectstatic" in text
    write(root / "pkggen.toml", uncommented(text).replace("static files:", "# static files:"))
    assert load_config(root).exclude == ("!static-collected",)


def test_a_list_of_requirements_is_missed(root: Path) -> None:
    """Where nothing tells what is needed, the framework is proposed, and that the list is to be completed."""
    write(root / "app.py", "from flask import Flask\napp = Flask(__name__)\n")
    text = proposed(root).text

    assert "complete this list" in text
    assert 'requirements = ["flask", "gunicorn"]' in text
    write(root / "requirements.txt", "flask==3\n")
    assert 'requirements = ["gunicorn"]' in proposed(root).text
