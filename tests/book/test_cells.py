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


def test_the_number_of_embeddings_has_its_index_but_in_code_and_formulas():
    frame = pd.DataFrame({"F at n_E = 20": ["`n_E`", "of n_E"]}, index=["$n_E$", "mean_n_E"])
    rows = table(frame.rename_axis("n_E")).data.splitlines()
    n_e = "<i>n</i><sub>E</sub>"
    assert rows[0] == f"| {n_e} | F at {n_e} = 20 |"
    assert rows[2:] == ["| $n_E$ | `n_E` |", f"| mean_n_E | of {n_e} |"]
