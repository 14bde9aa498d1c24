import json

import pytest

from csvstats.cli import main

TABLE = "city,people,area\nA,10,1.5\nB,20,\nC,60,2.5\n"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "in"
    path.mkdir()
    (path / "cities.csv").write_text(TABLE)
    return path


def test_show_prints_one_line_a_number_column(folder, capsys):
    assert main(["show", str(folder / "cities.csv")]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["column", "people", "area"]
    assert lines[1].split()[1:3] == ["3", "30"]


def test_json_holds_the_same_and_leaves_out_empty_cells(folder, capsys):
    main(["show", "--json", str(folder / "cities.csv")])

    shown = json.loads(capsys.readouterr().out)
    assert shown["area"] == {"count": 2, "mean": 2.0, "std": 0.5, "min": 1.5, "median": 2.0, "max": 2.5}


def test_batch_writes_a_report_for_each_good_file_and_names_the_bad(folder, tmp_path, capsys):
    (folder / "broken.csv").write_text("a,b\n1\n")

    assert main(["batch", str(folder), str(tmp_path / "out")]) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cities.json"]
    assert "broken.csv: line 2: 1 cells under 2 headings" in capsys.readouterr().err


def test_a_missing_file_is_one_line_on_stderr(tmp_path, capsys):
    assert main(["show", str(tmp_path / "absent.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
