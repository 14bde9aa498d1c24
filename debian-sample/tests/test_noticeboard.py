from pathlib import Path

import pytest

from noticeboard import __version__
from noticeboard.app import create_app
from noticeboard.settings import Settings, SettingsError, load_settings


@pytest.fixture
def client():
    return create_app(Settings(notice="Lift out of order")).test_client()


def test_root_shows_the_notice(client):
    assert client.get("/").text == "Lift out of order\n"


def test_health_tells_name_version_and_setting(client):
    expected = {"name": "noticeboard", "version": __version__, "notice": "Lift out of order"}

    assert client.get("/health").json == expected


def test_the_packaged_settings_can_be_read():
    packaged = Path(__file__).parents[1] / "etc" / "noticeboard.ini"

    assert load_settings(packaged) == Settings(notice="Nothing to report.")


@pytest.mark.parametrize("text", ["", "[notice]\n", "text = no section\n"])
def test_a_wrong_file_is_an_error_that_names_it(tmp_path, text):
    path = tmp_path / "noticeboard.ini"
    path.write_text(text)

    with pytest.raises(SettingsError, match="noticeboard.ini"):
        load_settings(path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingsError, match=r"absent.ini: No such file"):
        load_settings(tmp_path / "absent.ini")
