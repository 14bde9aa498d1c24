"""The files that a project adds: which are found, where they go, and which are refused."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pkggen.config.load import load_config
from pkggen.config.rules import clashes
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key
from pkggen.model import ConfigKind, Entry, Kind, Role
from pkggen.model.service import Directory, Service
from pkggen.payload.files import extra_entries, place_recommends
from pkggen.payload.files.writable import refuse_below_services
from tests.unit.parts import project

MAN = '.TH HELLO 1 "2026-01-01"\n.SH NAME\nhello \\- greet\n'


def made(root: Path, *files: dict[str, Any], format_name: str = "deb", **config: Any) -> dict[str, Entry]:
    """Return the entries that ``files`` and other keys make, by path."""
    table = Config.model_validate({"files": files, **config})
    entries = extra_entries(table, project(root), "/opt/hello", format_name, 1_700_000_000, taken=())
    return {e.path: e for e in entries}


def lay(root: Path, *names: str, text: str = "x\n") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_globs_keep_the_folders_after_their_beginning(tmp_path: Path) -> None:
    """A glob's matches lie below dst as they lie below its fixed part; hidden files are not matched."""
    lay(tmp_path, "share/a.conf", "share/sub/b.conf", "share/sub/c.txt", "share/.hidden.conf")

    assert set(made(tmp_path, {"src": "share/*.conf", "dst": "/usr/share/hello/"})) == {"/usr/share/hello/a.conf"}
    assert set(made(tmp_path, {"src": "share/**/*.conf", "dst": "/srv/x/"})) == {"/srv/x/a.conf", "/srv/x/sub/b.conf"}
    assert set(made(tmp_path, {"src": "share/s*", "dst": "/srv/"})) == {"/srv/sub/b.conf", "/srv/sub/c.txt"}


def test_a_folder_leaves_out_what_it_is_told_to(tmp_path: Path) -> None:
    """Exclude takes names at any depth, and paths from the folder on."""
    lay(tmp_path, "t/a", "t/a.bak", "t/old/x", "t/new/x", "t/new/drafts/y")
    table = {"src": "t", "dst": "/srv/t", "exclude": ("*.bak", "drafts", "old/*")}

    assert set(made(tmp_path, table)) == {"/srv/t/a", "/srv/t/new/x"}


def test_a_file_goes_into_a_directory_that_ends_with_a_slash(tmp_path: Path) -> None:
    """Dst with a slash at its end takes the file's own name."""
    assert set(made(lay(tmp_path, "a/b.txt"), {"src": "a/b.txt", "dst": "/srv/app/"})) == {"/srv/app/b.txt"}


def test_links_within_a_folder_stay_links(tmp_path: Path) -> None:
    """A relative link to something in the folder, a directory included, is a link in the package."""
    lay(tmp_path, "t/d/a", "other")
    (tmp_path / "t/b").symlink_to("d/a")
    (tmp_path / "t/e").symlink_to("d")
    (tmp_path / "t/o").symlink_to("../other")

    found = made(tmp_path, {"src": "t", "dst": "/srv/t"})
    assert {p: (e.kind, e.link) for p, e in found.items() if p != "/srv/t/d/a"} == {
        "/srv/t/b": (Kind.SYMLINK, "d/a"),
        "/srv/t/e": (Kind.SYMLINK, "d"),
        "/srv/t/o": (Kind.FILE, ""),
    }


def test_links_to_what_is_left_out_are_left_out(tmp_path: Path) -> None:
    """No link in the package leads nowhere: neither to an excluded file or folder, nor by an excluded link."""
    lay(tmp_path, "t/a", "t/a.bak", "t/drafts/x")
    for name, link in {"b": "a.bak", "d": "drafts", "x": "d/x", "c.bak": "a", "e": "c.bak", "f": "a"}.items():
        (tmp_path / "t" / name).symlink_to(link)
    table = {"src": "t", "dst": "/srv/t", "exclude": ("*.bak", "drafts")}

    assert set(made(tmp_path, table)) == {"/srv/t/a", "/srv/t/f"}


def test_what_is_below_etc_is_configuration(tmp_path: Path) -> None:
    """Without a type, a file below /etc keeps an administrator's changes; with one it is what it is called."""
    lay(tmp_path, "a")
    kinds = {
        t: made(tmp_path, {"src": "a", "dst": "/etc/hello/a", "type": t})["/etc/hello/a"].config
        for t in ("", "file", "config")
    }

    assert kinds == {"": ConfigKind.NOREPLACE, "file": ConfigKind.NONE, "config": ConfigKind.CONFIG}


def test_documents_and_licences_know_their_place(tmp_path: Path) -> None:
    """Without dst they go where each system looks for them."""
    lay(tmp_path, "NEWS", "LICENSE")
    tables = ({"src": "NEWS", "type": "doc"}, {"src": "LICENSE", "type": "licence"})

    assert set(made(tmp_path, *tables)) == {"/usr/share/doc/hello/NEWS", "/usr/share/doc/hello/LICENSE"}
    found = made(tmp_path, *tables, format_name="rpm")
    assert found["/usr/share/licenses/hello/LICENSE"].role is Role.LICENCE


def test_a_ghost_has_no_source(tmp_path: Path) -> None:
    """A ghost is a path and its attributes; it may lie in /run."""
    found = made(tmp_path, {"dst": "/run/hello.pid", "type": "ghost", "mode": "0600"})["/run/hello.pid"]

    assert (found.role, found.mode) == (Role.GHOST, 0o600)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"src": "none/*", "dst": "/srv/x/"}, "none/* matches no file"),
        ({"src": "a*", "dst": "/srv/x"}, 'end dst with a slash: "/srv/x/"'),
        ({"src": "gone", "dst": "/srv/x"}, "gone does not exist"),
        ({"src": "a", "dst": "/home/me/a"}, "no package puts files into /home"),
        ({"src": "a", "dst": "/proc/a"}, "no package puts files into /proc"),
        ({"src": "a", "dst": "/run/a"}, "use tmpfiles"),
        ({"src": "a", "dst": "/usr/local/bin/a"}, "the administrator's"),
        ({"src": "a", "dst": "/lib/a"}, "write /usr/lib/a"),
        ({"src": "a", "dst": "/usr/bin/python3"}, "a command of the system's"),
        ({"src": "a", "dst": "/opt/hello/layers/a"}, "kept by pkggen"),
        ({"dst": "/var/lib", "type": "dir"}, "/var/lib is the system's"),
        ({"src": "loop", "dst": "/srv/x"}, "link to a folder elsewhere"),
    ],
)
def test_what_would_do_harm_is_refused(tmp_path: Path, table: dict[str, Any], says: str) -> None:
    """Each error names the entry and what to do instead."""
    lay(tmp_path, "a", "elsewhere/x", "loop/y")
    (tmp_path / "loop/link").symlink_to("../elsewhere")

    with pytest.raises(ConfigurationError) as caught:
        made(tmp_path, table)
    assert says in str(caught.value)
    assert all(str(p.where).startswith("files[0]") for p in caught.value.problems)


@pytest.mark.parametrize(
    "given",
    [{"owner": "shop"}, {"group": "shop", "mode": "0775"}],
)
def test_nothing_lies_below_what_others_may_write_to(tmp_path: Path, given: dict[str, str]) -> None:
    """Who owns the directory could put a link there before root unpacks: of root's files, too."""
    top = {"dst": "/var/lib/shop", "type": "dir", **given}
    with pytest.raises(ConfigurationError, match="seed lies below /var/lib/shop, which another user may write to"):
        made(lay(tmp_path, "seed"), top, {"src": "seed", "dst": "/var/lib/shop/a/seed"})
    with pytest.raises(ConfigurationError, match="could put a link there"):
        made(tmp_path, top, {"dst": "/var/lib/shop/a/x.db", "type": "ghost"})

    assert len(made(tmp_path, top, {"dst": "/var/lib/shop/x.db", "type": "ghost"})) == 2
    assert len(made(tmp_path, {**top, "owner": "root", "mode": "0750"}, {"src": "seed", "dst": "/var/lib/shop/a"})) == 2


def test_a_services_directories_are_its_users(tmp_path: Path) -> None:
    """Those that systemd gives to the service's user are no place for files, for each instance's neither."""
    names = (("State", ("shop/web", "many/%i")), ("Configuration", ("shop",)))
    directories = tuple(Directory(kind, paths) for kind, paths in names)
    service = Service("web", ("/bin/true",), "", directories=directories, user="shop")
    fine = ["/var/lib/shop/web", "/var/lib/shop/seed", "/var/lib/many/seed", "/etc/shop/x"]
    bad = ["/var/lib/shop/web/x", "/var/lib/many/1/x"]

    refuse_below_services([service], [Entry(path) for path in fine])
    refuse_below_services([replace(service, user="root")], [Entry(path) for path in bad])
    with pytest.raises(ConfigurationError) as caught:
        refuse_below_services([service], [Entry(path) for path in fine + bad])
    assert [p.what.split()[0] for p in caught.value.problems] == bad


def test_a_path_twice_is_refused(tmp_path: Path) -> None:
    """Also when a glob or another key brings it the second time: the error names both."""
    lay(tmp_path, "t/a", "a")
    with pytest.raises(ConfigurationError) as caught:
        made(tmp_path, {"src": "a", "dst": "/srv/t/a"}, {"src": "t/*", "dst": "/srv/t/"})

    assert "/srv/t/a is already in files[0]" in str(caught.value)
    assert "files[1]" in str(caught.value.problems[0].where)


def test_dst_and_src_are_asked_for_where_they_are_needed(tmp_path: Path) -> None:
    """A file needs both, a ghost and a dir have no source, a document needs no dst."""
    (tmp_path / "pkggen.toml").write_text(
        '[[files]]\nsrc = "a"\n[[files]]\ndst = "/srv/a"\n[[files]]\nsrc = "a"\ndst = "/srv/b"\ntype = "ghost"\n'
    )
    with pytest.raises(ConfigurationError) as caught:
        ConfigurationError.raise_all(clashes(load_config(tmp_path)))

    assert [p.where for p in caught.value.problems] == [Key.of("files", i) for i in range(3)]


def test_files_go_where_their_readers_look(tmp_path: Path) -> None:
    """Each purpose has its directory, its suffix and its kind; a file named for it gets the package's name."""
    lay(tmp_path, "p/logrotate", text="/var/log/hello/*.log {\n  weekly\n}\n")
    lay(tmp_path, "p/hello.cron", text="MAILTO=root\n# c\n5 4 * * * root hello tidy\n@daily root hello\n")
    lay(tmp_path, "p/60-net.conf", text="net.core.somaxconn = 512\n-kernel.x=1\n")
    lay(tmp_path, "p/tmpfiles.conf", text="d /run/hello 0755 root root -\n")
    lay(tmp_path, "p/a.rules", "p/org.hello.policy")
    found = made(
        tmp_path,
        logrotate="p/logrotate", cron="p/*.cron", sysctl="p/60-net.conf", tmpfiles="p/tmpfiles.conf",
        polkit=("p/a.rules", "p/org.hello.policy"), udev="p/a.rules",
    )  # fmt: skip

    assert {p: e.config.value for p, e in found.items()} == {
        "/etc/logrotate.d/hello": "noreplace",
        "/etc/cron.d/hello": "noreplace",
        "/usr/lib/sysctl.d/60-net.conf": "",
        "/usr/lib/tmpfiles.d/hello.conf": "",
        "/usr/share/polkit-1/rules.d/a.rules": "",
        "/usr/share/polkit-1/actions/org.hello.policy": "",
        "/usr/lib/udev/rules.d/a.rules": "",
    }
    config = Config.model_validate({"cron": "x"})
    assert (place_recommends(config, "deb"), place_recommends(config, "rpm")) == (("cron | cron-daemon",), ("cronie",))


def test_man_pages_are_packed_the_same_way_every_time(tmp_path: Path) -> None:
    """Gzip -9n: no name, no time; a page in a language's folder goes to that language's."""
    lay(tmp_path, "docs/hello.1", "docs/de/man1/hello.1", text=MAN)
    found = made(tmp_path, man=("docs/hello.1", "docs/de/man1/hello.1"))

    assert set(found) == {"/usr/share/man/man1/hello.1.gz", "/usr/share/man/de/man1/hello.1.gz"}
    page = found["/usr/share/man/man1/hello.1.gz"]
    packed = page.content or b""
    assert gzip.decompress(packed).decode() == MAN
    assert (packed[3:8], packed[8], page.role) == (bytes(5), 2, Role.DOC)


@pytest.mark.parametrize(
    ("key", "name", "text", "says"),
    [
        ("man", "hello.1", "hello\n", "no title line"),
        ("man", "hello.8", MAN, r"its title says HELLO\(1\), its name hello\(8\)"),
        ("man", "hello.1.gz", MAN, "not compressed"),
        ("man", "hello", MAN, "no man page's name"),
        ("cron", "hello.job", "0 0 * * * root x\n", "no name that is read in /etc/cron.d"),
        ("cron", "cron", "0 0 * * * hello\n", "line 1 is not"),
        ("cron", "cron", "0 0 * * * root x", "does not end"),
        ("logrotate", "logrotate", "/var/log/x {\n", "brace"),
        ("sysctl", "sysctl.conf", "vm.x 1\n", "line 1"),
        ("tmpfiles", "tmpfiles.conf", "# c\ndir /run/x\n", "line 2"),
    ],
)
def test_what_its_reader_would_pass_over_is_refused(tmp_path: Path, key: str, name: str, text: str, says: str) -> None:
    """The error names the key and the file."""
    lay(tmp_path, f"p/{name}", text=text)

    with pytest.raises(ConfigurationError, match=says) as caught:
        made(tmp_path, **{key: f"p/{name}"})
    assert caught.value.problems[0].where == Key.of(key, 0)
