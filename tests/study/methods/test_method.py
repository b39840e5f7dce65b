"""A method as data: whose statistics it ends with, its columns, and how it is chosen by name."""

import pytest

from rfe_study.methods.method import STATISTICS, Method, some


def method(name="x", group="control", **settings):
    return Method(name=name, group=group, rate=1.0, **settings)


def test_statistics_are_of_what_was_trained_on_unless_it_says_so():
    assert method().statistics_of == "both"
    assert method(unlabelled=False).statistics_of == "A"
    for whose in STATISTICS:
        for unlabelled in (True, False):
            named = method(unlabelled=unlabelled, statistics=whose)
            assert named.statistics_of == named.columns["statistics"] == whose
    assert method().columns["statistics"] == "both"
    # the default is no setting: nothing changes in the hash of what was trained before
    assert "statistics" not in method().settings
    assert method(statistics="A").settings["statistics"] == "A"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"statistics": "B"}, "statistics must be one of .*, got 'B'"),
        ({"source": "V4"}, "source must be one of .*, got 'V4'"),
        ({"group": "others"}, "group must be one of .*, got 'others'"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        method(**settings)


METHODS = [
    method("80/20 ACD 20", "rfe"),
    method("80/20 ACD 2000", "rfe"),
    method("50/50 ACD 2000", "rfe"),
    method("no embedding"),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["no embedding"], [3]),
        (["rfe"], [0, 1, 2]),
        (["* 2000", "80/20 ACD 20"], [0, 1, 2]),
        (["control", "50/50 *"], [2, 3]),
        (["80/20 ACD 20"], [0]),
    ],
)
def test_some_methods_in_the_order_of_the_list(wanted, expected):
    assert some(METHODS, wanted) == [METHODS[index] for index in expected]


def test_a_name_that_is_none_of_them_is_refused():
    message = r"method 'x' must be a group, name or pattern of these: rfe, control, 80/20 ACD 20, "
    with pytest.raises(ValueError, match=message):
        some(METHODS, ["rfe", "x"])
