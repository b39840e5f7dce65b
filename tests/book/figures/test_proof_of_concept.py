"""Each figure of chapter 07 is drawn from small inputs and shows their numbers."""

import matplotlib
import numpy as np
import pytest
import sweep_rows

from rfe_book.figures import operating, plane, proof_of_concept
from rfe_book.tables import proof_of_concept as proof_tables
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.operating_points import POINTS
from rfe_study.claims.rows import by_model
from rfe_study.methods.proof_of_concept import N_E

matplotlib.use("Agg")


def f_score(method, seed):
    """Differs from model to model."""
    return 0.4 + 0.02 * seed + sum(map(ord, method.name)) % 97 / 500


@pytest.fixture(scope="module")
def values():
    seeds = sweep_rows.some_seeds
    return by_model(sweep_rows.scores(f_score, seeds), sweep_rows.models(seeds))


def heights(panel, label):
    """Ordinates of the curve with this name."""
    (container,) = [c for c in panel.containers if c.get_label() == label]
    return container.lines[0].get_ydata()


def test_fig_3a_has_all_models_and_all_references(values):
    for panel, distance in zip(
        proof_of_concept.f_against_n_e(values).axes, ("ACD", "l2"), strict=True
    ):
        expected = [values[f"80/20 {distance} {n}"].loc[:1].to_numpy().mean() for n in N_E]
        assert heights(panel, "80/20") == pytest.approx(expected)  # seeds 0 and 1: all have them
        flat = {line.get_label(): line.get_ydata()[0] for line in panel.lines}
        for model in proof_of_concept.REFERENCES:
            assert flat[model] == pytest.approx(values[model].loc[:1].to_numpy().mean())
        texts = [text.get_text() for text in panel.texts]
        assert texts[:6] == ["3", "2", "2", "2", "2", "3"]
        named = STRATEGIES if distance == "ACD" else proof_of_concept.REFERENCES
        assert [" ".join(text.split()) for text in texts[6:]] == list(named)


def test_a_dot_for_each_seed_within_its_bar(values):
    acd, _ = proof_of_concept.f_against_n_e(values).axes
    dots = [line.get_ydata() for line in acd.lines if line.get_marker() == "."]
    (bars,) = [c for c in acd.containers if c.get_label() == "50/50"]
    for n, ends in zip(N_E, bars.lines[2][0].get_segments(), strict=True):
        own = values[f"50/50 ACD {n}"].mean(axis=1)
        assert any(len(d) == len(own) and np.allclose(d, own) for d in dots)
        assert ends[:, 1] == pytest.approx([own.min(), own.max()])


def test_unequal_seeds_are_said(values):
    fewer = {**values, "80/20 ACD 20": values["80/20 ACD 20"].iloc[:1]}
    acd, l2 = proof_of_concept.f_against_n_e(fewer).axes
    assert (acd.texts[0].get_text(), l2.texts[0].get_text()) == ("1–3", "3")


def test_weight_or_number_compares_the_seeds_of_both(values):
    acd, _ = proof_of_concept.weight_or_number(values).axes
    lines = {line.get_label(): line.get_ydata() for line in acd.lines}
    for label, suffix in (
        ("mean over pairs: the weight stays", ""),
        ("sum / n: the weight grows with $n_E$", " sum/n"),
    ):
        expected = [values[f"80/20 ACD {n}{suffix}"].loc[0].mean() for n in N_E]
        assert lines[label] == pytest.approx(expected)


def test_lengths_by_epoch():
    _, panel = plane.lengths(sweep_rows.curves(growth=0.1)).axes
    assert panel.get_title() == "lesion embeddings, l2"
    lines = {line.get_label(): line for line in panel.lines}
    assert len(lines) == len(N_E) + 1
    assert lines["$n_E$ = 200"].get_ydata()[-1] == pytest.approx(2 * 2.4)
    assert lines["no embedding"].get_ydata().tolist() == [2] * 15
    assert "no embedding" in [text.get_text() for text in panel.texts]


def test_operating_points_lie_at_precision_and_recall():
    parts = proof_tables.summary(sweep_rows.scores(f_score))
    (axes,) = operating.operating_points(parts).axes
    drawn = {c.get_label(): c.get_offsets() for c in axes.collections}
    own = parts.loc[[f"80/20 l2 {n}" for n in N_E], ["recall", "precision"]]
    np.testing.assert_allclose(drawn["80/20, l2"], own)
    np.testing.assert_allclose(
        drawn["no embedding"], [parts.loc["no embedding", ["recall", "precision"]].tolist()]
    )


def test_shares_go_from_the_least_lesion_to_the_most(values):
    (axes,) = operating.shares(dict.fromkeys(POINTS, values)).axes
    expected = [
        values[f"{share} ACD all margin 1"].to_numpy().mean() for share in operating.BY_SHARE
    ]
    assert heights(axes, "at 0.5") == pytest.approx(expected)


def test_each_seed_stands_against_the_others(values):
    (axes,) = proof_of_concept.seeds(values).axes
    drawn = [c.get_offsets() for c in axes.collections]
    f = values["50/50 ACD 20"].mean(axis=1)
    np.testing.assert_allclose(drawn[0][0], [(f[1] + f[2]) / 2, f[0]])
    assert [len(points) for points in drawn[:2]] == [3, 2]
    assert len(drawn) == 36 + 1  # and the legend's


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
    left, right = proof_of_concept.live({"weight 0": history, "weight 1": history}).axes
    assert [line.get_ydata()[0] for line in left.lines] == [0.3, 0.3]
    assert [line.get_ydata()[0] for line in right.lines] == [0.5, 0.5]
