"""An exercise is written once: the student's stub and the teacher's solution come from markers."""

import pytest
from exercises import MarkerError, beginning, has_markers, solution, stub

SOURCE = """\
def double(x):
    # your code
    ### BEGIN SOLUTION
    y = 2 * x
    return y
    ### END SOLUTION


checks({"doubles": lambda: double(3) == 6})
### BEGIN SOLUTION
print(double(21))
### END SOLUTION"""


def test_stub_has_no_solution_and_says_it_is_one():
    assert stub(SOURCE).splitlines() == [
        "def double(x):",
        "    # your code",
        '    raise NotImplementedError("your code")',
        "",
        "",
        'checks({"doubles": lambda: double(3) == 6})',
    ]


def test_beginning_ends_where_a_student_writes():
    lines = stub(SOURCE).splitlines()
    assert beginning(SOURCE).splitlines() == lines[:3]
    assert beginning(f"size = 3\n\n\n{SOURCE}").splitlines()[-3:] == lines[:3]
    assert beginning("x = 1\ncheck(x)") == "x = 1\ncheck(x)"


def test_solution_is_all_but_the_markers():
    lines = [line for line in SOURCE.splitlines() if "###" not in line]
    assert solution(SOURCE).splitlines() == lines
    assert has_markers(SOURCE) and not has_markers(solution(SOURCE))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x\n### END SOLUTION", "line 2: '### END SOLUTION' without a beginning"),
        ("### BEGIN SOLUTION\nx", "line 1: '### BEGIN SOLUTION' without an end"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n", "line 2: .* after that of line 1"),
    ],
)
@pytest.mark.parametrize("made", [stub, solution])
def test_markers_that_do_not_pair(made, source, message):
    with pytest.raises(MarkerError, match=message):
        made(source)
