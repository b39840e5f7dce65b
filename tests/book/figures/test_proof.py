"""Each figure of chapter 07 is drawn from small inputs and shows their numbers."""

import matplotlib
import numpy as np
import pytest
import sweep_rows

from rfe_book.figures import plane, proof
from rfe_book.tables import proof as proof_tables
from rfe_study.claims.rows import by_model
from rfe_study.methods.proof import MARGIN_1_N_E, N_E

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


def f_score(method, seed):
    """Differs from model to model."""
    return 0.4 + 0.02 * seed + sum(map(ord, method.name)) % 97 / 500


@pytest.fixture(scope="module")
def values():
    return by_model(sweep_rows.scores(f_score), sweep_rows.models())


def heights(panel, label):
    """Ordinates of the curve with this name."""
    (container,) = [c for c in panel.containers if c.get_label() == label]
    return container.lines[0].get_ydata()


def test_fig_3a_has_all_models_and_all_references(values):
    bounds = {"x": {"lower bound": 0.31, "upper bound B": 0.82}}
    acd, l2 = proof.f_against_n_e({"x": values}, bounds).axes
    for panel, distance in ((acd, "ACD"), (l2, "l2")):
        expected = [values[f"80/20 {distance} {n}"].to_numpy().mean() for n in N_E]
        assert heights(panel, "80/20") == pytest.approx(expected)
        flat = {line.get_label(): line.get_ydata()[0] for line in panel.lines}
        assert flat["lower bound"] == 0.31 and flat["upper bound B"] == 0.82
        assert flat["no embedding"] == pytest.approx(values["no embedding"].to_numpy().mean())
    points = [line.get_ydata() for line in acd.lines if len(line.get_xdata()) == 1]
    assert any(
        values["80/20 ACD all margin 1"].to_numpy().mean() == pytest.approx(y[0]) for y in points
    )
    assert [t.get_text() for t in acd.get_xticklabels()][-1] == "all"
    assert [t.get_text() for t in l2.get_xticklabels()][-1] == "2000"


def test_a_dot_for_each_seed(values):
    acd, _ = proof.f_against_n_e({"x": values}, {"x": {}}).axes
    dots = [line.get_ydata() for line in acd.lines if line.get_marker() == "."]
    for n in N_E:
        own = values[f"50/50 ACD {n}"].mean(axis=1)
        assert any(len(d) == len(own) and np.allclose(d, own) for d in dots)


def test_gains_are_paired(values):
    _, l2 = proof.gain_against_n_e(values).axes
    expected = [(values[f"50/50 l2 {n}"] - values["no embedding"]).to_numpy().mean() for n in N_E]
    assert heights(l2, "50/50") == pytest.approx(expected)
    (bars,) = [c for c in l2.containers if c.get_label() == "50/50"]
    (low, high) = bars.lines[2][0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((expected[0], expected[0]))  # seeds and patients cancel


def test_weight_or_number_compares_reductions(values):
    acd, _ = proof.weight_or_number(values).axes
    for label, suffix in (
        ("mean over pairs: the weight stays", ""),
        ("sum / n: the weight grows with $n_E$", " sum/n"),
    ):
        models = [f"80/20 ACD {n}{suffix}" for n in N_E]
        expected = [(values[m] - values["no embedding"]).to_numpy().mean() for m in models]
        assert heights(acd, label) == pytest.approx(expected)


def test_all_pixels_beside_samples(values):
    left, right = proof.all_against_sampled(values).axes
    models = [f"80/20 ACD {n} margin 1" for n in (*MARGIN_1_N_E, "all")]
    expected = [(values[m] - values["no embedding"]).to_numpy().mean() for m in models]
    assert left.containers[0].lines[0].get_ydata() == pytest.approx(expected)
    everything = values["50/50 ACD all margin 1"]
    expected = [(everything - values[f"50/50 ACD {n}"]).to_numpy().mean() for n in N_E]
    assert heights(right, "50/50") == pytest.approx(expected)


def test_lengths_by_epoch():
    _, panel = plane.lengths(sweep_rows.curves(growth=0.1)).axes
    assert panel.get_title() == "lesion embeddings, l2"
    lines = {line.get_label(): line for line in panel.lines}
    assert len(lines) == len(N_E) + 1
    assert lines["$n_E$ = 200"].get_ydata()[-1] == pytest.approx(2 * 2.4)
    assert lines["no embedding"].get_ydata().tolist() == [2] * 15


def test_operating_points_lie_at_precision_and_recall():
    summary = proof_tables.summary(sweep_rows.scores(f_score), sweep_rows.models())
    parts = summary.droplevel("group")
    (axes,) = proof.operating_points(parts).axes
    drawn = {c.get_label(): c.get_offsets() for c in axes.collections}
    own = parts.loc[[f"80/20 l2 {n}" for n in N_E], ["recall", "precision"]]
    np.testing.assert_allclose(drawn["80/20, l2"], own)
    np.testing.assert_allclose(
        drawn["no embedding"], [parts.loc["no embedding", ["recall", "precision"]].tolist()]
    )


def test_each_seed_stands_against_the_others(values):
    (axes,) = proof.seeds(values).axes
    drawn = {c.get_label(): c.get_offsets() for c in axes.collections}
    f = values["50/50 ACD 20"].mean(1)
    np.testing.assert_allclose(drawn["50/50"][0], [(f[1] + f[2]) / 2, f[0]])
    assert len(drawn["50/50"]) == 12 * 3


def test_plane_has_every_group():
    points = np.arange(8.0).reshape(4, 2)
    groups = {letter: {"background": points, "lesion": points + 1} for letter in "AB"}
    axes = plane.embedding_plane({"before": groups, "after": groups}).axes
    assert [panel.get_title() for panel in axes] == ["before", "after"]
    names = ["background, A", "lesion, A", "background, B", "lesion, B"]
    assert [c.get_label() for c in axes[0].collections] == names
    np.testing.assert_allclose(axes[1].collections[3].get_offsets(), points + 1)


def test_live_has_both_losses():
    history = [{"epoch": 36, "dice_loss": 0.3, "embedding_loss": 0.5}]
    left, right = proof.live({"weight 0": history, "weight 1": history}).axes
    assert [line.get_ydata()[0] for line in left.lines] == [0.3, 0.3]
    assert [line.get_ydata()[0] for line in right.lines] == [0.5, 0.5]
