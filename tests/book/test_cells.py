"""Tables are Markdown with every value in its place."""

import pandas as pd

from rfe_book.cells import table


def test_layout_and_formats():
    frame = pd.DataFrame(
        {
            "scanner": [3.0, 3.0, 1.5],
            "image": ["T1", "T2", "T1"],
            "TE": [4.0, 90.25, None],
            "voxel": [(1.0, 1.0, 2.5), None, (1.0, 1.0, 1.0)],
            "source": ["x|y", "", None],
        }
    ).set_index(["scanner", "image"])
    assert table(frame).data == "\n".join(
        [
            "| scanner | image | TE | voxel | source |",
            "| :--- | :--- | ---: | :--- | :--- |",
            "| 3 | T1 | 4 | 1×1×2.5 | x\\|y |",
            "|  | T2 | 90.25 |  |  |",
            "| 1.5 | T1 |  | 1×1×1 |  |",
        ]
    )


def test_a_column_may_have_its_own_decimals():
    frame = pd.DataFrame(
        {"x": [0.1234, 0.5], "y": [3.0, None]}, index=pd.Index(["a", "b"], name="of")
    )
    rows = table(frame, digits=3, columns={"y": 1}).data
    assert rows == "| of | x | y |\n| :--- | ---: | ---: |\n| a | 0.123 | 3.0 |\n| b | 0.500 |  |"


def test_long_integers_have_a_comma():
    frame = pd.DataFrame({"pairs": [9999, 155242]}, index=pd.Index([20000, 5], name="of"))
    rows = table(frame).data.splitlines()[2:]
    assert rows == ["| 20,000 | 9999 |", "| 5 | 155,242 |"]
