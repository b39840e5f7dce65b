"""Tables of chapter 09, on made-up rows whose answers are known."""

import adaptation_rows
import pytest

from rfe_book.tables import adaptation
from rfe_book.tables.adaptation import BOUND, CHAIN, CONTROL, LUCK, OTHER_V1
from rfe_book.tables.claims import overall_table
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.verdicts import CONTRADICTED, REPRODUCED, UNDECIDED, Verdict
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

NAMES = adaptation_rows.NAMES


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows()


def test_models_of_the_chapter_exist():
    known = {LOWER_BOUND, UPPER_BOUND, *NAMES}
    of_chain = {name for _, *pair in CHAIN for name in pair}
    chosen = {*adaptation.PRIORS, *adaptation.SHARES.values(), *adaptation.RIVALS}
    assert of_chain | chosen | {*adaptation.BY_SIZE, *LUCK} <= known
    assert {name + OTHER_V1.format(v1) for name in LUCK for v1 in (2, 3)} <= known


def test_chain_differs_by_what_it_says():
    methods = {method.name: method for method in adaptation_methods()}
    settings = {
        what: {
            key
            for key in {**methods[a].settings, **methods[b].settings}.keys() - {"name"}
            if methods[a].settings.get(key) != methods[b].settings.get(key)
        }
        for what, a, b in CHAIN[2:]
    }
    assert list(settings.values()) == [
        {"unlabelled", "embedding"}, {"embedding"}, {"statistics"}
    ]  # fmt: skip
    weights = [methods[m].embedding.weight for m in (CONTROL, PAPER)]
    assert weights[0] == 0 < weights[1]


def test_table_of_methods_says_who_knows_what():
    table = adaptation.methods_table().droplevel("group")
    assert list(table.index) == NAMES
    true = set(table.index[table["labels"] == "true"])
    perfect = {name for name in NAMES if name.startswith("RFE, perfect prior")}
    assert len(perfect) == 6
    assert true == perfect | {"labels of V1", "RFE, labels of V1, exact 4x", BOUND} | {
        f"labels of V1, V1 is patient {n}" for n in (2, 3)
    }
    assert table.loc[PAPER].tolist() == [
        "V2, V3", "NCC, templates of V1", "A", "embedding loss, n_E = 100"
    ]  # fmt: skip
    assert table.loc[CONTROL, ["labels", "further"]].tolist() == ["", ""]
    assert table.loc["labelled A only", "images"] == "none"
    assert table.loc["RFE, NCC, all pixels", "further"].endswith("n_E = all")
    both = {m.name for m in adaptation_methods() if m.primary == "both"}
    assert set(table.index[table["Dice on"] == "A and target"]) == both


def test_summary_has_every_model_with_its_seeds(rows):
    f = rows.by_target()
    f["C"] = f["C"] | {PAPER: f["C"][PAPER].loc[[0]]}
    table = adaptation.summary(f, rows.by_target(column="precision"))
    assert list(table.index) == [LOWER_BOUND, UPPER_BOUND, *NAMES]
    assert table.loc[PAPER, "seeds"] == "2, 1, 2"
    mean = f["D"][PAPER].to_numpy().mean()
    assert table.loc[PAPER, "F on D"] == pytest.approx(mean)
    assert table.loc[PAPER, "AP on D"] == pytest.approx(mean + 0.1)


def test_worth_is_over_the_control():
    plan = {CONTROL: 0.1, PAPER: 0.15}
    rows = adaptation_rows.rows(lambda t, model, seed, d: 0.4 + plan.get(model, 0))
    table = adaptation.worth(rows.by_target(), rows.by_target(column="recall"), [PAPER, BOUND])
    assert table.loc[PAPER].tolist() == ["+0.05"] * 6
    assert table.loc[BOUND].tolist() == ["−0.10"] * 6


def test_lesions_are_pooled_by_size():
    rows = adaptation_rows.rows(lambda t, model, seed, d: 0.3 if model == "lower" else 0.5)
    found = adaptation.found_by_size(rows)
    found = found[found["model"].isin([LOWER_BOUND, PAPER])]
    assert set(found["model"]) == {LOWER_BOUND, PAPER} and len(found) == 3 * 2 * 2 * 4
    assert found.loc[found["domain"] == "D", "lesions"].max() == 400
    shares = found[(found["domain"] == "B") & (found["size"] == "0-10")].groupby("model")["found"]
    assert shares.mean().to_dict() == pytest.approx({LOWER_BOUND: 0.3, PAPER: 0.5})


def test_luck_is_of_the_first_seed():
    name = LUCK[0] + OTHER_V1.format(3)
    rows = adaptation_rows.rows(
        lambda t, model, seed, d: 0.4 + (0.1 if model == name else 0) + 0.3 * seed
    )
    table = adaptation.luck_table(rows.by_target())
    assert table.shape == (9, 3)
    of_b = table.loc["B", LUCK[0]]
    assert of_b["patient 3"] - of_b["patient 1"] == pytest.approx(0.1)
    assert of_b["patient 2"] == pytest.approx(of_b["patient 1"]) and of_b["patient 1"] < 0.5


def verdict(claim, part, outcome, **about):
    numbers = dict.fromkeys(("threshold", "estimate", "low", "high", "p_above", "p_below"), 0.0)
    words = {"claim": claim, "part": part, "statistic": "x", "verdict": outcome}
    return Verdict(**{**numbers, **words, **about})


def test_verdicts_stand_by_part_and_by_heads():
    first = [verdict(6, "mean", REPRODUCED), verdict("ours", "better", UNDECIDED)]
    judged = {"paper's": [verdict(6, "mean", CONTRADICTED)], VERDICT: first}
    table = overall_table(judged)
    assert table.loc[6].to_dict() == {VERDICT: REPRODUCED, "paper's": CONTRADICTED}
    assert list(table.columns) == [VERDICT, "paper's"]
    parts = adaptation.parts_table(first)
    assert parts.loc[("ours", "better"), "verdict"] == UNDECIDED
