"""Experiments: lists of methods that `rfe sweep` fine-tunes, by the name of ``--experiment``."""

from rfe_study.methods import adaptation
from rfe_study.methods.proof_of_concept import choices, proof_of_concept, search

EXPERIMENTS = {
    "proof-of-concept": proof_of_concept,
    "search": search,
    "choices": choices,
    "adaptation": adaptation.adaptation_methods,
    "adaptation-search": adaptation.search,
}
