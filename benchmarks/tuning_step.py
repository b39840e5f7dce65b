"""`make bench`, third part: what the embedding term adds to a step of fine-tuning.

Laptop profile, 6 + 6 images of 128 x 128, forward, backward and update; n_E = 2000 a side, 80/20.
A round takes a step of each kind, with and without the term, so that whatever else the machine does
meets all of them; the figure is the median over rounds of the ratio within a round. The rule: at
most 15% at n_E = 2000. Time is processor time on one thread.

Writes ``data/results/tuning_cost.csv``, which chapter 07 shows.
"""

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from rfe_core.fine_tuning import embedding_terms
from rfe_core.losses import dice_loss, total_loss
from rfe_core.training import build, make_optimizer
from rfe_study import provenance, results
from rfe_study.methods.embedding import RandomFeatureEmbedding
from rfe_study.methods.profiles import PROFILES
from rfe_study.methods.proof_of_concept import CHOSEN, rfe

LIMIT = 1.15
PLAIN = "no embedding"
PROFILE = PROFILES["laptop"]


def kinds() -> dict[str, RandomFeatureEmbedding | None]:
    """What is compared with a step without the term."""
    exact = replace(rfe("80/20", "cosine", 2000), n_e="all", margin=1.0)
    far = replace(rfe("80/20", "l2", 2000), margin=1000.0)
    return {
        PLAIN: None,
        f"ACD, n_E = 2000, margin {CHOSEN['cosine'][1]:g}": rfe("80/20", "cosine", 2000),
        "ACD, n_E = 2000, margin 1": replace(exact, n_e=2000),
        f"l2, n_E = 2000, margin {CHOSEN['l2'][1]:g}": rfe("80/20", "l2", 2000),
        "l2, n_E = 2000, margin 1000": far,
        "ACD, all pixels": exact,
    }


def step(embedding: RandomFeatureEmbedding | None):
    """A training step as `rfe_core.fine_tuning` takes it, on a batch that stays the same."""
    source = torch.Generator().manual_seed(0)
    model = build(PROFILE, 0).train()
    optimizer = make_optimizer(model, PROFILE)
    shape = (PROFILE.batch_size, PROFILE.crop, PROFILE.crop)
    images = torch.rand(shape[0], 3, *shape[1:], generator=source)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = (torch.rand(shape, generator=source) < 0.03).long()
    valid = torch.rand(shape, generator=source) < 0.9
    half = shape[0] // 2
    labelled = torch.arange(shape[0]) < half

    def run() -> float:
        start = time.process_time()
        logits, levels = model.forward_levels(images)
        loss = dice_loss(logits[:half], labels[:half], valid[:half])
        if embedding is not None:
            prior = torch.where(valid, labels, -1)
            terms = embedding_terms(levels, prior, labelled, embedding.losses(), generator=source)
            losses = {str(layer): term.loss for layer, term in terms.items()}
            loss = total_loss(loss, losses, dict.fromkeys(losses, embedding.weight))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return time.process_time() - start

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path, help="folder of the table (data/results)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    steps = {name: step(embedding) for name, embedding in kinds().items()}
    for run in steps.values():
        run()
    rounds = [{name: run() for name, run in steps.items()} for _ in range(args.rounds)]
    rows = [
        {
            "variant": name,
            "seconds": statistics.median(each[name] for each in rounds),
            "ratio": statistics.median(each[name] / each[PLAIN] for each in rounds),
            "rounds": args.rounds,
            **provenance.certificate("rfe_core.fine_tuning"),
        }
        for name in steps
    ]
    plain = rows[0]
    print(f"{plain['hardware']}; without embedding term {1000 * plain['seconds']:.0f} ms a step")
    for row in rows[1:]:
        verdict = "within" if row["ratio"] <= LIMIT else "OVER"
        more = 100 * (row["ratio"] - 1)
        print(f"  {row['variant']:30s} {more:6.1f}% more, {verdict} {100 * (LIMIT - 1):.0f}%")
    results.write("tuning_cost", rows, folder=args.out)


if __name__ == "__main__":
    main()
